using Microsoft.Win32.SafeHandles;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>A pipe between two commands, or between one and this process: as commands expect it, it blocks.</summary>
internal sealed class CommandPipe : IDisposable
{
    // Larger than the usual 64 KiB means fewer turns between writer and reader; beyond this nothing is gained any more, and a
    // user's pipes have 64 MiB together (pipe(7)).
    public const int UsualSize = 1 << 18;

    private CommandPipe(SafeFileHandle readEnd, SafeFileHandle writeEnd)
    {
        ReadEnd = readEnd;
        WriteEnd = writeEnd;
    }

    public SafeFileHandle ReadEnd { get; }

    public SafeFileHandle WriteEnd { get; }

    /// <param name="size">The bytes to ask for: the kernel may give less.</param>
    public static CommandPipe Create(int size = UsualSize)
    {
        SysResult result = LibC.Pipe2(flags: 0, out SafeFileHandle readEnd, out SafeFileHandle writeEnd);
        if (!result.Ok)
        {
            throw new TransferException(TransferErrorId.ResourceExhausted,
                $"No pipe could be made between the commands ({ErrnoText.Describe(result.Errno)}).",
                "Close some files, or raise the limit (ulimit -n).",
                result.Errno);
        }

        // EPERM past pipe-max-size or past the user's pages (pipe(7)): the pipe keeps the size that it has.
        LibC.SetPipeSize(writeEnd, size);
        return new CommandPipe(readEnd, writeEnd);
    }

    public void Dispose()
    {
        ReadEnd.Dispose();
        WriteEnd.Dispose();
    }
}
