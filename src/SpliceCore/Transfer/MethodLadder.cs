using Splice.Descriptors;
using Splice.Errors;

namespace Splice.Transfer;

/// <summary>The methods of one transfer: the one in use, the ones that refused, the ones to try next. A method that
/// refused is not asked again.</summary>
internal sealed class MethodLadder : IDisposable
{
    /// <summary>The size of our own pipe where the user names none: the most that a user gets without privilege.</summary>
    public const int DefaultPipeSize = 1 << 20;

    private readonly Descriptor _source;
    private readonly Descriptor _destination;
    private readonly TransferSpec _spec;
    private readonly HoleWriter? _holes;
    private readonly bool _fillsLargePipe;
    private readonly Queue<TransferMethod> _candidates = new();
    private readonly List<MethodAttempt> _attempts = [];
    private ITransferMethod? _current;
    private ITransferMethod? _pieces;
    private FileSystemType? _fileSystem;

    /// <param name="source">The source.</param>
    /// <param name="destination">The destination.</param>
    /// <param name="spec">What to do, and by which method.</param>
    /// <param name="holes">Makes holes of zeros that are read; null where zeros are data.</param>
    /// <exception cref="TransferException">The method that the user named cannot serve.</exception>
    public MethodLadder(Descriptor source, Descriptor destination, TransferSpec spec, HoleWriter? holes)
    {
        TransferMethod wanted = spec.Method;
        _holes = holes;
        _source = source;
        _destination = destination;
        _spec = spec;
        _fileSystem = spec.DestinationFileSystem;

        // Whether a size of 0 is true is not worth trying methods for; one that was named finds it out.
        Endpoint input = Endpoint.Of(source);
        input = input with { IsEmpty = input.IsEmpty && wanted == TransferMethod.Auto };
        var output = Endpoint.Of(destination);
        _fillsLargePipe = wanted == TransferMethod.Auto && !spec.FillsOwnPipe
            && Methods.FillsLargePipe(source, destination, spec.Length);
        TransferMethod fastest = _fillsLargePipe ? TransferMethod.Splice
            : wanted == TransferMethod.Auto && Methods.MayChoose(input, output)
            ? Methods.Fastest(DestinationFileSystem, spec.Length)
            : TransferMethod.CopyFileRange;
        if (fastest == TransferMethod.Splice && spec.PipeSize < Methods.SmallestPipe)
        {
            fastest = TransferMethod.CopyFileRange;
        }

        foreach ((TransferMethod method, string? obstacle) in
            Methods.Consider(input, output, spec.Reflink, spec.Sparse, fastest))
        {
            bool skips = spec.SkipsReflink && method == TransferMethod.Reflink;
            if (wanted == TransferMethod.Auto ? obstacle is null && !skips : wanted == method)
            {
                _candidates.Enqueue(method);
            }

            if (wanted == method && obstacle is not null)
            {
                throw NotPossible(method, Errno.None, obstacle);
            }

            if (wanted == TransferMethod.Auto && obstacle is not null)
            {
                TransferJournal.Current?.Note($"{source.Name} -> {destination.Name}: {method}: {obstacle}");
            }
        }
    }

    /// <summary>The methods that refused, in order.</summary>
    public IReadOnlyList<MethodAttempt> Attempts => _attempts;

    /// <summary>Bytes that have left the source and are not yet at the destination.</summary>
    public long BytesInHand => _current?.BytesInHand ?? 0;

    /// <summary>True if another method may take the place of the one in use.</summary>
    public bool HasNext => _spec.Method == TransferMethod.Auto && _candidates.Count > 0;

    /// <summary>Where the user named the method, or wants a small pipe, that is what he gets.</summary>
    private int SmallestPipe => _spec.Method == TransferMethod.Auto ? Math.Min(Methods.SmallestPipe, _spec.PipeSize ?? int.MaxValue) : 0;

    /// <summary>The method in use. The last one, read and write, never refuses: there is always one.</summary>
    public ITransferMethod Current => _current ??= Create(_candidates.Dequeue(), leftover: null, leftoverBytes: 0);

    private bool HasPipe => _source.Kind == DescriptorKind.Fifo || _destination.Kind == DescriptorKind.Fifo;

    private FileSystemType DestinationFileSystem => _fileSystem ??= FileSystemTypes.Of(_destination.Handle);

    /// <summary>The method for a piece of a sparse file: a small one may take another.</summary>
    public ITransferMethod ForPiece(long length)
    {
        bool isSmall = length <= Methods.Small && _spec.Method == TransferMethod.Auto
            && Current.Kind is TransferMethod.CopyFileRange or TransferMethod.Splice;
        return isSmall && DestinationFileSystem.IsLocal()
            ? _pieces ??= Create(TransferMethod.ReadWrite, leftover: null, leftoverBytes: 0)
            : Current;
    }

    /// <summary>Notes that a method refused. Without another one left to try, that is the user's to know.</summary>
    public void Refused(TransferMethod method, Errno errno, string reason)
    {
        if (_spec.Method != TransferMethod.Auto)
        {
            throw errno is Errno.EMFILE or Errno.ENFILE ? KernelPipe.NotMade(errno) : NotPossible(method, errno, reason);
        }

        var attempt = new MethodAttempt(method, errno, reason);
        _attempts.Add(attempt);
        TransferJournal.Current?.Note($"{_source.Name} -> {_destination.Name}: {attempt}");
    }

    /// <summary>Notes that the method in use refused, and goes on to the next one.</summary>
    public void Descend(Errno errno)
    {
        Refused(Current.Kind, errno, Refusals.Explain(Current.Kind, errno) ?? string.Empty);
        Descend();
    }

    /// <summary>Goes on to the next method, with what the current one has in hand.</summary>
    public void Descend()
    {
        long leftoverBytes = 0;
        KernelPipe? leftover = null;
        if (!_source.IsSeekable && _current is PipedSpliceMethod piped)
        {
            leftover = piped.HandOver(out leftoverBytes);
        }

        _current?.Dispose();
        _current = Create(_candidates.Dequeue(), leftover, leftoverBytes);
    }

    public void Dispose()
    {
        _current?.Dispose();
        _pieces?.Dispose();
    }

    private ITransferMethod Create(TransferMethod method, KernelPipe? leftover, long leftoverBytes) => method switch
    {
        TransferMethod.Reflink => new ReflinkMethod(_source, _destination),
        TransferMethod.CopyFileRange => new CopyFileRangeMethod(_source, _destination),
        TransferMethod.SendFile => new SendFileMethod(_source, _destination),
        TransferMethod.Splice when HasPipe && !_fillsLargePipe =>
            new DirectSpliceMethod(_source, _destination, _spec.Flags),
        TransferMethod.Splice => new PipedSpliceMethod(
            _source, _destination, _spec.Flags, _spec.PipeSize, SmallestPipe),
        _ when _spec.Append is { } position => new AppendMethod(_source, _destination, position, _spec.Length, _spec.Sparse),
        _ when _holes is not null => new HoleFindingMethod(_source, _destination, _holes),
        _ => new ReadWriteMethod(_source, _destination, leftover, leftoverBytes),
    };

    private TransferException NotPossible(TransferMethod method, Errno errno, string reason)
    {
        string why = errno == Errno.None ? reason : $"{reason} ({Methods.CallOf(method)}, {ErrnoText.Describe(errno)})";
        return new TransferException(TransferErrorId.MethodNotPossible,
            $"{method} cannot move '{_source.Name}' to '{_destination.Name}': {why}.",
            _spec.Reflink == ReflinkMode.Always
                ? ["Use -Reflink Auto, which copies what cannot be shared, or another destination.", "Choose another destination."]
                : ["Use -Method Auto, or another method.", "Use Copy-StreamZeroCopy, which chooses a method that can."],
            errno, _destination.Name);
    }
}
