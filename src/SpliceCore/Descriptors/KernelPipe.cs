using Microsoft.Win32.SafeHandles;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>A pipe of our own. One that is not empty is never used for anything else.</summary>
internal sealed class KernelPipe : IDisposable
{
    private KernelPipe(SafeFileHandle readEnd, SafeFileHandle writeEnd)
    {
        ReadEnd = readEnd;
        WriteEnd = writeEnd;
    }

    public SafeFileHandle ReadEnd { get; }

    public SafeFileHandle WriteEnd { get; }

    /// <summary>Bytes, as the kernel gave them: it rounds up, and gives less to users who hold many pipes.</summary>
    public int Capacity { get; private set; }

    /// <summary>What the kernel said to the size that was asked for; None where it gave it.</summary>
    public Errno Refusal { get; private set; }

    /// <summary>Makes a pipe that never waits, of about <paramref name="size"/> bytes, or of what the user's limits allow.</summary>
    public static KernelPipe Create(int size) => Create(size, OpenFlags.NonBlock);

    /// <summary>Makes a pipe.</summary>
    /// <param name="size">The bytes to ask for; null for what the kernel gives by itself.</param>
    /// <param name="flags">O_NONBLOCK, or 0 for ends that wait.</param>
    public static KernelPipe Create(int? size, int flags)
    {
        Errno errno = TryCreate(size, flags, out KernelPipe? pipe);
        return pipe ?? throw NotMade(errno);
    }

    /// <summary>Makes a pipe that never waits, or says why there is none.</summary>
    public static Errno TryCreate(int size, out KernelPipe? pipe) => TryCreate(size, OpenFlags.NonBlock, out pipe);

    /// <summary>The error where a pipe is needed and cannot be made.</summary>
    public static TransferException NotMade(Errno errno) => new(
        TransferErrorId.ResourceExhausted,
        $"No pipe could be made ({ErrnoText.Describe(errno)}).",
        errno == Errno.ENFILE
            ? "Close files and pipes, or raise the limits (fs.file-max, fs.pipe-user-pages-hard)."
            : "Close some files, or raise the limit (ulimit -n).",
        errno);

    /// <summary>Asks for another capacity while the pipe is empty. Past pipe-max-size or past the user's pages (pipe(7)) the
    /// kernel says EPERM and gives nothing: then the largest half, quarter and so on that it does give is taken.</summary>
    public void Resize(int? size)
    {
        int before = ReadCapacity();
        SysResult answer = size is int wanted ? LibC.SetPipeSize(WriteEnd, wanted) : default;
        Refusal = answer.Errno;
        for (int? less = size / 2; answer.Errno == Errno.EPERM && less > before; less /= 2)
        {
            answer = LibC.SetPipeSize(WriteEnd, less.Value);
        }

        Capacity = ReadCapacity();
    }

    public void Dispose()
    {
        ReadEnd.Dispose();
        WriteEnd.Dispose();
    }

    private static Errno TryCreate(int? size, int flags, out KernelPipe? pipe)
    {
        SysResult result = LibC.Pipe2(flags, out SafeFileHandle readEnd, out SafeFileHandle writeEnd);
        pipe = result.Ok ? new KernelPipe(readEnd, writeEnd) : null;
        pipe?.Resize(size);
        return result.Errno;
    }

    private int ReadCapacity()
    {
        SysResult capacity = LibC.GetPipeSize(WriteEnd);
        return capacity.Ok ? (int)capacity.Value : Environment.SystemPageSize;
    }
}
