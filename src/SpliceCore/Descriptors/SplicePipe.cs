using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice;

/// <summary>A kernel pipe: what is written to its one end can be read from the other. Both ends are closed in programs that are
/// started.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man7/pipe.7.html">pipe(7)</see></remarks>
public sealed class SplicePipe : IDisposable
{
    private SplicePipe(SafeFileHandle readEnd, SafeFileHandle writeEnd)
    {
        ReadEnd = readEnd;
        WriteEnd = writeEnd;
    }

    /// <summary>The end to read from.</summary>
    public SafeFileHandle ReadEnd { get; }

    /// <summary>The end to write to. While it is open anywhere, the reader waits for more.</summary>
    public SafeFileHandle WriteEnd { get; }

    /// <summary>Capacity in bytes, as the kernel allocated it: a power of two pages.</summary>
    public int Capacity { get; private set; }

    /// <summary>Number of bytes that can be read now; 0 where both ends are closed.</summary>
    public int BytesAvailable
    {
        get
        {
            SafeFileHandle open = ReadEnd.IsClosed ? WriteEnd : ReadEnd;
            return open.IsClosed ? 0 : (int)Math.Max(0, LibC.BytesAvailable(open).Value);
        }
    }

    /// <summary>Why the pipe is smaller than requested; <see cref="Errno.None"/> where it is not.</summary>
    public Errno Refusal { get; private set; }

    /// <summary>Number of bytes that this process put in and did not take out. A pipe with bytes is not used for anything else.</summary>
    internal long BytesHeld { get; set; }

    /// <summary>Creates a pipe whose ends block.</summary>
    /// <param name="capacity">Capacity in bytes, which the kernel rounds up to a power of two pages; null for the kernel's default,
    /// usually 64 KiB. Where the user's limits do not allow as much, the pipe has what they allow.</param>
    /// <returns>The pipe.</returns>
    /// <exception cref="TransferException">Too many files are open.</exception>
    public static SplicePipe Create(int? capacity = null) => CreateWith(flags: 0, capacity);

    internal static SplicePipe CreateNonBlocking(int capacity) => CreateWith(LibC.O_NONBLOCK, capacity);

    internal static Errno TryCreate(int? capacity, int flags, out SplicePipe? pipe)
    {
        SysResult result = LibC.Pipe2(flags, out SafeFileHandle readEnd, out SafeFileHandle writeEnd);
        pipe = result.Ok ? new SplicePipe(readEnd, writeEnd) : null;
        pipe?.Resize(capacity);
        return result.Errno;
    }

    internal static TransferException NotCreated(Errno errno, string what = "pipe") => new(
        TransferErrorId.ResourceExhausted,
        $"No {what} could be created ({ErrnoText.Describe(errno)}).",
        errno == Errno.ENFILE
            ? "Close files and pipes, or raise the limits (fs.file-max, fs.pipe-user-pages-hard)."
            : "Close some files, or raise the limit (ulimit -n).",
        errno);

    /// <summary>Requests another capacity while the pipe is empty. Past pipe-max-size or past the user's pages (pipe(7)) the kernel
    /// returns EPERM and changes nothing: then the largest half, quarter and so on that it does allow is taken.</summary>
    internal void Resize(int? capacity)
    {
        SysResult result = capacity is int wanted ? LibC.SetPipeSize(WriteEnd, wanted) : default;
        Refusal = result.Errno;
        int before = result is { Ok: true, Value: > 0 } ? 0 : ReadCapacity();
        for (int? less = capacity / 2; result.Errno == Errno.EPERM && less > before; less /= 2)
        {
            result = LibC.SetPipeSize(WriteEnd, less.Value);
        }

        Capacity = result is { Ok: true, Value: > 0 } ? (int)result.Value : before;
    }

    /// <summary>splice(2) into the pipe.</summary>
    internal SysResult Fill(SafeHandle source, long? offset, long count, SpliceFlags flags)
    {
        SysResult result = LibC.Splice(source, offset, WriteEnd, null, count, flags);
        BytesHeld += Math.Max(result.Value, 0);
        return result;
    }

    /// <summary>splice(2) of the bytes held out of the pipe.</summary>
    internal SysResult Drain(SafeHandle destination, long? offset, SpliceFlags flags) =>
        Taken(LibC.Splice(ReadEnd, null, destination, offset, BytesHeld, flags));

    /// <summary>read(2) of the bytes held.</summary>
    internal SysResult Read(Span<byte> buffer) =>
        Taken(LibC.Read(ReadEnd, buffer[..(int)Math.Min(buffer.Length, BytesHeld)], offset: null));

    /// <summary>Closes the end to write to: the reader comes to the end.</summary>
    public void CloseWrite() => WriteEnd.Dispose();

    /// <summary>Closes both ends. Bytes that were not read are lost.</summary>
    public void Dispose()
    {
        ReadEnd.Dispose();
        WriteEnd.Dispose();
    }

    private static SplicePipe CreateWith(int flags, int? capacity)
    {
        Errno errno = TryCreate(capacity, flags, out SplicePipe? pipe);
        return pipe ?? throw NotCreated(errno);
    }

    private SysResult Taken(SysResult result)
    {
        BytesHeld -= Math.Max(result.Value, 0);
        return result;
    }

    private int ReadCapacity()
    {
        SysResult result = LibC.GetPipeSize(WriteEnd);
        return result.Ok ? (int)result.Value : Environment.SystemPageSize;
    }
}

/// <summary>The kernel's release, and its limits for pipes.</summary>
public sealed record KernelLimits
{
    /// <summary>The kernel's release, as uname -r prints it; null for unknown.</summary>
    public string? KernelRelease { get; private init; }

    /// <summary>The largest capacity in bytes for a user without privilege (/proc/sys/fs/pipe-max-size); null for unknown.</summary>
    public long? PipeMaxSize { get; private init; }

    /// <summary>Number of pages of all pipes of a user without privilege before new ones are small, 0 for unlimited
    /// (/proc/sys/fs/pipe-user-pages-soft); null for unknown.</summary>
    public long? PipeUserPagesSoft { get; private init; }

    /// <summary>Capacity in bytes of a new pipe for which 1 MiB was requested.</summary>
    public int PipeCapacity { get; private init; }

    /// <summary>Reads the limits.</summary>
    /// <returns>The limits.</returns>
    /// <exception cref="TransferException">Too many files are open.</exception>
    /// <remarks><see href="https://man7.org/linux/man-pages/man7/pipe.7.html">pipe(7)</see></remarks>
    public static KernelLimits Read()
    {
        using var pipe = SplicePipe.CreateNonBlocking(Tuning.PipeSize);
        return new KernelLimits
        {
            KernelRelease = ProcFile.ReadText("/proc/sys/kernel/osrelease")?.Trim(),
            PipeMaxSize = ProcFile.ReadNumber("/proc/sys/fs/pipe-max-size"),
            PipeUserPagesSoft = ProcFile.ReadNumber("/proc/sys/fs/pipe-user-pages-soft"),
            PipeCapacity = pipe.Capacity,
        };
    }

    /// <summary>For example "6.18.0, pipes of 1 MiB".</summary>
    /// <returns>The limits in one line.</returns>
    public override string ToString() => $"{KernelRelease}, pipes of {PipeCapacity} bytes";
}
