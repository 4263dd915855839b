using System.Globalization;
using Splice.Descriptors;
using Splice.Transfer;

namespace Splice;

/// <summary>What the kernel is, and how much of its pipes this user may have.</summary>
public sealed record KernelLimits
{
    private const string Sysctl = "/proc/sys/";

    /// <summary>The kernel's release, as uname -r prints it; null where /proc does not tell.</summary>
    public string? KernelRelease { get; private init; }

    /// <summary>The largest pipe in bytes that a user without privilege may ask for (/proc/sys/fs/pipe-max-size); null where
    /// /proc does not tell.</summary>
    public long? PipeMaxSize { get; private init; }

    /// <summary>The pages that the pipes of a user without privilege may have together before new ones are small, 0 for no
    /// limit (/proc/sys/fs/pipe-user-pages-soft); null where /proc does not tell.</summary>
    public long? PipeUserPagesSoft { get; private init; }

    /// <summary>The bytes that a pipe got just now that asked for what splice(2) asks for here, 1 MiB.</summary>
    public int PipeCapacity { get; private init; }

    /// <summary>Asks for them.</summary>
    /// <returns>The limits.</returns>
    /// <exception cref="TransferException">No pipe can be made: too many files are open.</exception>
    /// <remarks><see href="https://man7.org/linux/man-pages/man7/pipe.7.html">pipe(7)</see></remarks>
    public static KernelLimits Read()
    {
        using var pipe = KernelPipe.Create(MethodLadder.DefaultPipeSize);
        return new KernelLimits
        {
            KernelRelease = Text("kernel/osrelease"),
            PipeMaxSize = Number("fs/pipe-max-size"),
            PipeUserPagesSoft = Number("fs/pipe-user-pages-soft"),
            PipeCapacity = pipe.Capacity,
        };
    }

    /// <summary>For example "6.18.0, pipes of 1048576 bytes".</summary>
    /// <returns>The limits in one line.</returns>
    public override string ToString() => $"{KernelRelease}, pipes of {PipeCapacity} bytes";

    private static long? Number(string name) =>
        long.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;

    private static string? Text(string name)
    {
        try
        {
            return File.ReadAllText(Sysctl + name).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
