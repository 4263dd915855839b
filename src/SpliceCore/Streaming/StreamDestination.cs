using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming;

/// <summary>An open destination: a handle of the caller's, or a path. A regular file is published when it is complete.</summary>
internal sealed class StreamDestination : IDisposable
{
    private readonly Descriptor? _borrowed;
    private readonly SafeFileHandle? _opened;
    private readonly DestinationEntry? _place;
    private readonly DestinationWriter? _writer;

    private StreamDestination(Descriptor borrowed, RateFloor? floor)
    {
        Floor = floor;
        _borrowed = borrowed;
        _opened = TerminalOutput.Reopen(borrowed);
        Descriptor = _opened is null ? borrowed : Descriptor.Describe(_opened, borrowed.Name);
        Start = HandleCheck.PositionOfWrites(Descriptor);
    }

    private StreamDestination(string path, StreamSource source, IdleWait wait, CancellationToken cancellation)
    {
        _place = Resolve(path, source);
        try
        {
            ExistingFile? inPlace = _place.Existing?.Kind is null or DescriptorKind.Regular
                ? null
                : wait.For(TransferSide.Destination, _place.Path, token => ExistingFile.Open(_place, LibC.O_WRONLY, token));
            _writer = new DestinationWriter(_place, inPlace, cancellation);
            Descriptor = _writer.Destination;
            Start = Descriptor.IsSeekable ? 0 : null;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public Descriptor Descriptor { get; }

    /// <summary>Offset of the first byte; null if not seekable.</summary>
    public long? Start { get; }

    public RateFloor? Floor { get; }

    /// <summary>True if a second destination must not be the same file.</summary>
    public bool IsOfOneStream => Descriptor.Kind is not (DescriptorKind.Character or DescriptorKind.Other);

    /// <summary>Identifies the destination: a new file by its path.</summary>
    public object Identity => _writer is { IsNew: true } ? _place!.Path : Descriptor.Status.Identity;

    public IReadOnlyList<string> Warnings => _writer?.MetadataWarnings.Describe() ?? [];

    /// <summary>Opens a destination; a FIFO waits for its first reader.</summary>
    /// <exception cref="TransferException">The destination cannot be written, or not be replaced.</exception>
    public static StreamDestination Open(TransferEndpoint end, StreamSource source, IdleWait wait, CancellationToken cancellation)
    {
        if (end.Path is string path)
        {
            PathCheck.Name(path);
            return new StreamDestination(path, source, wait, cancellation);
        }

        var destination = Descriptor.Describe(end.Handle!, end.Name ?? HandleCheck.NameOf(end.Handle!));
        HandleCheck.Destination(destination);
        return new StreamDestination(destination, end.Floor);
    }

    /// <summary>Publishes a new file, with what it keeps of the old one.</summary>
    public void Complete()
    {
        _writer?.Finish();
        _writer?.CommitOrKeep();
    }

    /// <summary>Advances the file offset of the caller's handle.</summary>
    public void AdvancePosition(long moved)
    {
        if (_borrowed is { IsAppending: false })
        {
            _borrowed.AdvancePosition(moved);
        }
    }

    public void Dispose()
    {
        _writer?.Dispose();
        _opened?.Dispose();
        _place?.Dispose();
    }

    private static DestinationEntry Resolve(string path, StreamSource source)
    {
        var request = new CopyRequest { Source = source.Descriptor.Name, Destination = path };
        if (!Path.IsPathRooted(request.Source) && Directory.Exists(path))
        {
            throw FileFailures.DestinationIsDirectory(path);
        }

        var destination = DestinationEntry.Resolve(request.Source, path);
        try
        {
            ExistingDestination.Check(request, source.Descriptor.Status, request.Source, destination);
            return destination;
        }
        catch
        {
            destination.Dispose();
            throw;
        }
    }
}

/// <summary>An open source.</summary>
internal sealed class StreamSource : IDisposable
{
    private readonly bool _isOurs;

    private StreamSource(Descriptor descriptor, bool isOurs)
    {
        Descriptor = descriptor;
        _isOurs = isOurs;
    }

    public Descriptor Descriptor { get; }

    /// <summary>Opens a source; a FIFO waits for its first writer.</summary>
    public static StreamSource Open(TransferEndpoint end, IdleWait wait)
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

    /// <summary>Writes the bytes to a file in memory, so that every source is a descriptor.</summary>
    private static SafeFileHandle MemoryFile(ReadOnlySpan<byte> content)
    {
        SysResult result = LibC.MemoryFile("splice", content, out SafeFileHandle handle);
        if (result.Ok)
        {
            return handle;
        }

        handle.Dispose();
        throw new TransferException(TransferErrorId.ResourceExhausted,
            $"The bytes could not be stored in a file in memory ({ErrnoText.Describe(result.Errno)}).",
            "Write them to a file, and specify its path.",
            result.Errno);
    }
}
