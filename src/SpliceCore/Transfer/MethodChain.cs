using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>The methods of one transfer: the one in use, the unsupported ones, the ones to try next. An unsupported method is not
/// tried again.</summary>
internal sealed class MethodChain : IDisposable
{
    private readonly Descriptor _source;
    private readonly Descriptor _destination;
    private readonly TransferSpec _spec;
    private readonly HoleWriter? _holes;
    private readonly bool _fillsLargePipe;
    private readonly TransferMethod[] _candidates = new TransferMethod[(int)TransferMethod.ReadWrite];
    private readonly List<MethodAttempt> _attempts = [];
    private readonly int _count;
    private int _next;
    private ITransferMethod? _current;
    private ITransferMethod? _small;

    /// <param name="holes">Turns blocks of zeros into holes; null where zeros are data.</param>
    /// <exception cref="TransferException">The method that the user named is not possible.</exception>
    public MethodChain(Descriptor source, Descriptor destination, TransferSpec spec, HoleWriter? holes)
    {
        (_source, _destination, _spec, _holes) = (source, destination, spec, holes);
        bool isAuto = spec.Method == TransferMethod.Auto;
        if (spec.OldContent is not null)
        {
            _candidates[_count++] = TransferMethod.ReadWrite;
            return;
        }

        // A size of 0 may be wrong: only a named method is tried nevertheless.
        DescriptorTraits input = DescriptorTraits.Of(source);
        input = input with { IsEmpty = input.IsEmpty && isAuto };
        var output = DescriptorTraits.Of(destination);
        _fillsLargePipe = isAuto && spec.OwnPipe != TransferSide.Destination && Methods.FillsLargePipe(source, destination, spec.Length);
        TransferMethod fastest = _fillsLargePipe ? TransferMethod.Splice
            : isAuto && Methods.MayChoose(input, output) ? Methods.Fastest(DestinationFileSystem, spec.Length, new TransferCursor(spec.Offset, spec.DestinationOffset).IsShifted)
            : TransferMethod.CopyFileRange;
        if (fastest == TransferMethod.Splice && spec.PipeSize < Tuning.SmallestPipe)
        {
            fastest = TransferMethod.CopyFileRange;
        }

        foreach ((TransferMethod method, string? obstacle) in
            Methods.Consider(input, output, spec.Reflink, spec.Sparse, fastest))
        {
            if (isAuto && obstacle is not null)
            {
                TransferTrace.Current?.Note($"{source.Name} -> {destination.Name}: {method}: {obstacle}");
            }
            else if (isAuto ? !(spec.SkipsReflink && method == TransferMethod.Reflink) : spec.Method == method)
            {
                _candidates[_count++] = obstacle is null ? method : throw NotPossible(method, Errno.None, obstacle);
            }
        }
    }

    /// <summary>The unsupported methods, in order.</summary>
    public IReadOnlyList<MethodAttempt> Attempts => _attempts;

    /// <summary>Bytes read from the source and not yet at the destination.</summary>
    public long BytesInHand => _current?.BytesInHand ?? 0;

    public bool HasNext => _spec.Method == TransferMethod.Auto && _next < _count;

    /// <summary>The method in use. The last one, read and write, is always supported.</summary>
    public ITransferMethod Current => _current ??= Create(_candidates[_next++]);

    /// <summary>A named method, or a requested small pipe, is used as it is.</summary>
    private int SmallestPipe => _spec.Method == TransferMethod.Auto ? Math.Min(Tuning.SmallestPipe, _spec.PipeSize ?? int.MaxValue) : 0;

    private bool HasPipe => _source.Kind == DescriptorKind.Fifo || _destination.Kind == DescriptorKind.Fifo;

    private FileSystemType DestinationFileSystem => _spec.DestinationFileSystem ?? _destination.FileSystem;

    /// <summary>The method for an extent of a sparse file, which differs for a small one.</summary>
    public ITransferMethod ForExtent(long length)
    {
        bool isSmall = length <= Tuning.ReadWriteUpTo && _spec.Method == TransferMethod.Auto
            && Current.Kind is TransferMethod.CopyFileRange or TransferMethod.Splice;
        return isSmall && DestinationFileSystem.IsLocal()
            ? _small ??= Create(TransferMethod.ReadWrite)
            : Current;
    }

    /// <summary>Records the method in use as unsupported, and replaces it by the next one.</summary>
    public void FallBack(Errno errno, string? reason = null)
    {
        TransferMethod method = Current.Kind;
        reason ??= Refusals.Explain(method, errno) ?? string.Empty;
        if (_spec.Method != TransferMethod.Auto)
        {
            throw errno is Errno.EMFILE or Errno.ENFILE ? SplicePipe.NotCreated(errno) : NotPossible(method, errno, reason);
        }

        var attempt = new MethodAttempt(method, errno, reason);
        _attempts.Add(attempt);
        TransferTrace.Current?.Note($"{_source.Name} -> {_destination.Name}: {attempt}");
        Skip();
    }

    /// <summary>Replaces the method in use by the next one, with the bytes in hand.</summary>
    public void Skip()
    {
        SplicePipe? leftover = _source.IsSeekable ? null : (_current as PipedSpliceMethod)?.TakePipe();
        _current?.Dispose();
        _current = Create(_candidates[_next++], leftover);
    }

    public void Dispose()
    {
        _current?.Dispose();
        _small?.Dispose();
    }

    private ITransferMethod Create(TransferMethod method, SplicePipe? leftover = null) => method switch
    {
        TransferMethod.Reflink => new ReflinkMethod(_source, _destination),
        TransferMethod.CopyFileRange => new CopyFileRangeMethod(_source, _destination),
        TransferMethod.SendFile => new SendFileMethod(_source, _destination),
        TransferMethod.Splice when HasPipe && !_fillsLargePipe => new DirectSpliceMethod(_source, _destination, _spec.Flags),
        TransferMethod.Splice => new PipedSpliceMethod(_source, _destination, _spec.Flags, _spec.PipeSize, SmallestPipe),
        _ when _spec.Append is { } position => new AppendMethod(_source, _destination, position, _spec.Length, _spec.Sparse),
        _ when _spec.OldContent is { } old => new DeltaMethod(_source, _destination, old),
        _ when _holes is not null => new HoleFindingMethod(_source, _destination, _holes),
        _ => new ReadWriteMethod(_source, _destination, leftover),
    };

    private TransferException NotPossible(TransferMethod method, Errno errno, string reason)
    {
        string why = errno == Errno.None ? reason : $"{reason} ({Methods.CallOf(method)}, {ErrnoText.Describe(errno)})";
        return new TransferException(TransferErrorId.MethodNotPossible,
            $"{method} cannot {(method == TransferMethod.Reflink ? "clone" : "copy")} '{_source.Name}' to '{_destination.Name}': {why}.",
            RecommendedActions,
            errno, _destination.Name);
    }

    private string[] RecommendedActions => _spec switch
    {
        { Reflink: ReflinkMode.Always } => ["Use -Reflink Auto, which copies what cannot be shared, or choose another destination.", "Choose another destination."],
        { Flags: not SpliceFlags.None, IsMethodFixed: false } => ["Omit -Flags, and use -Method Auto.", "Omit -Flags."],
        _ => ["Use -Method Auto, or another method.", "Use Copy-StreamZeroCopy, which chooses an available method."],
    };
}

/// <summary>The rules for the methods of a pair of descriptors, and their order.</summary>
internal static class Methods
{
    /// <summary>Returns the fastest method that moves bytes from file to file. Measurements on local file systems do not hold for
    /// others: with copy_file_range(2), a server may copy by itself.</summary>
    /// <param name="fileSystem">The destination's, where most of the time is spent.</param>
    /// <param name="length">Number of bytes to copy; null for unknown.</param>
    /// <param name="isShifted">True if the pages of the source are not those of the destination.</param>
    public static TransferMethod Fastest(FileSystemType fileSystem, long? length, bool isShifted = false)
    {
        bool hasLargeFolios = fileSystem.HasLargeFolioWrites();
        return !fileSystem.IsLocal() ? TransferMethod.CopyFileRange
            : length <= (hasLargeFolios ? Tuning.ReadWriteUpToInFolios : Tuning.ReadWriteUpTo) ? TransferMethod.ReadWrite
            : hasLargeFolios && length <= Tuning.SpliceUpTo ? isShifted ? TransferMethod.ReadWrite : TransferMethod.Splice
            : TransferMethod.CopyFileRange;
    }

    /// <summary>Returns all methods in the order in which they are tried, each with the reason why it is unsupported, or null.</summary>
    public static IEnumerable<(TransferMethod Method, string? Obstacle)> Consider(
        DescriptorTraits source, DescriptorTraits destination, ReflinkMode reflink = ReflinkMode.Auto, SparseMode sparse = SparseMode.Auto,
        TransferMethod fastest = TransferMethod.CopyFileRange)
    {
        yield return (TransferMethod.Reflink, Obstacle(TransferMethod.Reflink, source, destination, reflink, sparse));
        yield return (fastest, Obstacle(fastest, source, destination, reflink, sparse));
        for (TransferMethod method = TransferMethod.CopyFileRange; method <= TransferMethod.ReadWrite; method++)
        {
            if (method != fastest)
            {
                yield return (method, Obstacle(method, source, destination, reflink, sparse));
            }
        }
    }

    /// <summary>Returns why a method is unsupported for this pair; null where only the call itself shows that.</summary>
    public static string? Obstacle(
        TransferMethod method, DescriptorTraits source, DescriptorTraits destination,
        ReflinkMode reflink = ReflinkMode.Auto, SparseMode sparse = SparseMode.Auto)
    {
        bool betweenFiles = AreFiles(source, destination);
        bool appending = destination is { Kind: DescriptorKind.Regular, IsAppending: true };
        return method switch
        {
            TransferMethod.ReadWrite => null,
            TransferMethod.Reflink or TransferMethod.CopyFileRange when reflink == ReflinkMode.Never =>
                "it can share blocks, which -Reflink Never forbids",
            TransferMethod.Reflink or TransferMethod.CopyFileRange when sparse == SparseMode.Never =>
                "it can leave holes as they are, which -Sparse Never forbids",
            _ when sparse == SparseMode.Always && destination.MayHaveHoles =>
                "only read(2) and write(2) detect zeros, which -Sparse Always requires",
            _ when appending => "only write(2) appends to a file to which other processes may append (O_APPEND)",
            TransferMethod.Splice => null,
            TransferMethod.SendFile when !source.IsSeekable => "sendfile(2) reads only from files and block devices",
            TransferMethod.SendFile => null,
            _ when !betweenFiles => "source and destination must be regular files",
            _ when !source.IsSeekable || !destination.IsSeekable => "the source or the destination is not seekable",
            _ when source.IsEmpty => "a size of 0 can mean a generated file (procfs), which must be read to its end",
            _ => null,
        };
    }

    /// <summary>True if both are regular files and the source is not empty: then several methods are possible.</summary>
    public static bool MayChoose(DescriptorTraits source, DescriptorTraits destination) =>
        AreFiles(source, destination) && !source.IsEmpty && !destination.IsAppending;

    /// <summary>True if a file is copied into a pipe so large that it is best filled from a pipe of our own. A call that reads a
    /// file locks the pipe until it is full, and the reader waits as long; from pipe to pipe, pages move at once.</summary>
    public static bool FillsLargePipe(Descriptor source, Descriptor destination, long? length) =>
        destination.Kind == DescriptorKind.Fifo && source is { IsSeekable: true, Size: > 0 } && !(length <= Tuning.ReadWriteUpTo)
        && LibC.GetPipeSize(destination.Handle).Value >= Tuning.LargePipe;

    private static bool AreFiles(DescriptorTraits source, DescriptorTraits destination) =>
        source.Kind == DescriptorKind.Regular && destination.Kind == DescriptorKind.Regular;

    /// <summary>Returns the names of the manual pages of the calls of a method.</summary>
    public static string CallOf(TransferMethod method) => method switch
    {
        TransferMethod.Reflink => "ioctl_ficlonerange(2)",
        TransferMethod.CopyFileRange => "copy_file_range(2)",
        TransferMethod.SendFile => "sendfile(2)",
        TransferMethod.Splice => "splice(2)",
        _ => "read(2), write(2)",
    };
}
