using Microsoft.Win32.SafeHandles;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>A pipe of our own, non-blocking on both ends. One that is not empty is never used for anything else.</summary>
internal sealed class KernelPipe : IDisposable
{
    private KernelPipe(SafeFileHandle readEnd, SafeFileHandle writeEnd, int capacity)
    {
        ReadEnd = readEnd;
        WriteEnd = writeEnd;
        Capacity = capacity;
    }

    public SafeFileHandle ReadEnd { get; }

    public SafeFileHandle WriteEnd { get; }

    /// <summary>Bytes, as the kernel gave them: it rounds up, and gives less to users who hold many pipes.</summary>
    public int Capacity { get; }

    /// <summary>Makes a pipe of about <paramref name="size"/> bytes, or of what the user's limits allow.</summary>
    public static KernelPipe Create(int size)
    {
        SysResult result = LibC.Pipe2(OpenFlags.NonBlock, out SafeFileHandle readEnd, out SafeFileHandle writeEnd);
        if (!result.Ok)
        {
            throw new TransferException(TransferErrorId.ResourceExhausted,
                $"No pipe could be made for the transfer ({ErrnoText.Describe(result.Errno)}). Close some files, or raise the limit (ulimit -n).",
                result.Errno);
        }

        // EPERM past pipe-max-size or past the user's pages (pipe(7)): the pipe keeps the size that it has.
        LibC.SetPipeSize(writeEnd, size);
        SysResult capacity = LibC.GetPipeSize(writeEnd);
        return new KernelPipe(readEnd, writeEnd, capacity.Ok ? (int)capacity.Value : Environment.SystemPageSize);
    }

    public void Dispose()
    {
        ReadEnd.Dispose();
        WriteEnd.Dispose();
    }
}
