using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice;

/// <summary>A kernel pipe: what is written to its one end can be read from the other. Both ends wait, and are closed in
/// programs that are started.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man7/pipe.7.html">pipe(7)</see></remarks>
public sealed class SplicePipe : IDisposable
{
    private readonly KernelPipe _pipe;

    private SplicePipe(KernelPipe pipe) => _pipe = pipe;

    /// <summary>The end to read from.</summary>
    public SafeHandle ReadEnd => _pipe.ReadEnd;

    /// <summary>The end to write to. While it is open anywhere, the reader waits for more.</summary>
    public SafeHandle WriteEnd => _pipe.WriteEnd;

    /// <summary>How many bytes fit in, as the kernel gave them: a power of two pages.</summary>
    public int Capacity => _pipe.Capacity;

    /// <summary>Number of bytes that can be read now; 0 where both ends are closed.</summary>
    public int BytesAvailable
    {
        get
        {
            SafeHandle open = ReadEnd.IsClosed ? WriteEnd : ReadEnd;
            return open.IsClosed ? 0 : (int)Math.Max(0, LibC.BytesAvailable(open).Value);
        }
    }

    /// <summary>Why the pipe is smaller than what was asked for; <see cref="Errno.None"/> where it is not.</summary>
    public Errno Refusal => _pipe.Refusal;

    /// <summary>Makes a pipe.</summary>
    /// <param name="capacity">The bytes that are to fit in, which the kernel rounds up to a power of two pages; null for what
    /// it gives by itself, 64 KiB mostly. Where the user's limits do not allow as much, the pipe has what they do.</param>
    /// <returns>The pipe.</returns>
    /// <exception cref="TransferException">Too many files are open.</exception>
    public static SplicePipe Create(int? capacity = null) => new(KernelPipe.Create(capacity, flags: 0));

    /// <summary>Closes the end to write to: who reads comes to the end.</summary>
    public void CloseWrite() => WriteEnd.Dispose();

    /// <summary>Closes both ends; what was not read is gone.</summary>
    public void Dispose() => _pipe.Dispose();
}
