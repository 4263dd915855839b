using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>The file, device or FIFO that the first command reads.</summary>
internal sealed class PipelineInput : IDisposable
{
    private PipelineInput(Descriptor source) => Source = source;

    public Descriptor Source { get; }

    public SafeFileHandle Handle => (SafeFileHandle)Source.Handle;

    /// <summary>The bytes that there are to read; null where nobody knows.</summary>
    public long? Size => Source.Kind is DescriptorKind.Regular or DescriptorKind.Block && Source.Size > 0 ? Source.Size : null;

    /// <summary>How far it has been read: whoever inherits it moves this position along. Null where there is none.</summary>
    public long? Position => Source.IsSeekable && LibC.Seek(Source.Handle, 0, SeekOrigin.Current) is { Ok: true } at ? at.Value : null;

    /// <summary>Opens it.</summary>
    /// <exception cref="TransferException">It cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while a FIFO's writer was waited for.</exception>
    public static PipelineInput Open(string path, CancellationToken cancellation)
    {
        PathCheck.Name(path);
        if (FileStatus.TryGet(path, followLink: true, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Directory)
        {
            throw new TransferException(TransferErrorId.SourceIsDirectory,
                $"'{path}' is a directory, which no command can read as its input.",
                "Name a file in it.", Errno.EISDIR, path);
        }

        Descriptor source = SourceFile.Open(path, cancellation);

        // Only the open was not to wait.
        LibC.SetStatusFlags(source.Handle, OpenFlags.ReadOnly);
        source.StatusFlags = OpenFlags.ReadOnly;
        return new PipelineInput(source);
    }

    public void Dispose() => Source.Handle.Dispose();
}

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
