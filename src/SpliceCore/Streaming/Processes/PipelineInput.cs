using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
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
