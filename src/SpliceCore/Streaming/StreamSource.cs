using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming;

/// <summary>An opened source.</summary>
internal sealed class StreamSource : IDisposable
{
    private readonly bool _isOurs;

    private StreamSource(Descriptor descriptor, bool isOurs)
    {
        Descriptor = descriptor;
        _isOurs = isOurs;
    }

    public Descriptor Descriptor { get; }

    /// <summary>Opens it. A FIFO is open when its first writer has come.</summary>
    /// <exception cref="TransferException">It is not there, or cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while a writer was waited for.</exception>
    public static StreamSource Open(StreamEnd end, IdleWait wait)
    {
        if (end.Path is string path)
        {
            PathCheck.Name(path);
            return new StreamSource(wait.For(TransferSide.Source, path, token => SourceFile.Open(path, token)), isOurs: true);
        }

        if (end.Content is ReadOnlyMemory<byte> content)
        {
            SafeFileHandle memory = MemoryFile(content.Span);
            return new StreamSource(Descriptor.Describe(memory, end.Name!), isOurs: true);
        }

        var source = Descriptor.Describe(end.Handle!, end.Name ?? HandleCheck.NameOf(end.Handle!));
        HandleCheck.Source(source);
        return new StreamSource(source, isOurs: false);
    }

    public void Dispose()
    {
        if (_isOurs)
        {
            Descriptor.Handle.Dispose();
        }
    }

    /// <summary>The bytes as a file: then a source has a descriptor, whatever it is.</summary>
    private static SafeFileHandle MemoryFile(ReadOnlySpan<byte> content)
    {
        SysResult result = LibC.MemoryFile("splice", out SafeFileHandle handle);
        for (long at = 0; result.Ok && !content.IsEmpty;)
        {
            result = LibC.Write(handle, content, at);
            at += Math.Max(result.Value, 0);
            content = content[(int)Math.Max(result.Value, 0)..];
            result = result.Errno == Errno.EINTR ? default : result;
        }

        if (result.Ok)
        {
            return handle;
        }

        handle.Dispose();
        throw new TransferException(TransferErrorId.ResourceExhausted,
            $"The bytes found no room in the kernel's memory ({ErrnoText.Describe(result.Errno)}).",
            "Write them to a file, and give its path.",
            result.Errno);
    }
}
