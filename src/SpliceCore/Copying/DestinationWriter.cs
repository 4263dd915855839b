using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>Writes one destination: opens it, takes its content, verifies and flushes it, sets its metadata, and gives a new file
/// its name atomically, or abandons it. The content comes from a source, from several in turn, or from whatever writes to
/// <see cref="Destination"/>.</summary>
internal sealed class DestinationWriter : IDisposable
{
    private const PreserveAttributes ModeAndItsMasters = PreserveAttributes.Mode | PreserveAttributes.Ownership | PreserveAttributes.Acl;

    private readonly CopyRequest _request;
    private readonly DestinationEntry _place;
    private readonly CancellationToken _cancellation;
    private readonly Action<TransferProgress>? _progress;
    private readonly ITargetFile _target;
    private readonly SafeFileHandle? _folder;
    private readonly DeltaBase? _old;
    private readonly WrittenContent _content;
    private Descriptor? _source;
    private TransferSpec? _spec;
    private TransferCounters? _counters;
    private TransferRun? _run;
    private long _writtenBefore;
    private uint? _createMode;
    private bool _flushed;

    /// <summary>Opens the destination of a source's copy.</summary>
    public DestinationWriter(
        CopyRequest request, Descriptor source, DestinationEntry place, TransferSpec spec, TransferMonitor monitor, TransferCounters counters, MetadataWarnings warnings)
    {
        _request = request;
        _source = source;
        _place = place;
        MetadataWarnings = warnings;
        _cancellation = monitor.Cancellation;
        _progress = monitor.Progress;
        IsNew = place.Existing?.Kind switch
        {
            null => true,
            DescriptorKind.Regular => !request.WritesInto,
            _ => !place.IsNamedByUser,
        };
        ExistingDestination.CheckKinds(request, source, place);
        _target = Open(source, spec);
        _content = new WrittenContent(place, _target, request.HashAlgorithm, Report, _cancellation);
        try
        {
            _folder = request.Flush && IsNew && place.IsNamedByUser ? DiskFlush.OpenFolder(place) : null;
            _old = DeltaBase.TryOpen(request, source, spec, place, _target, _cancellation);
            Destination = Describe();
            Begin(source, spec, monitor, counters);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Takes an opened destination that others write to, or creates a new file for them.</summary>
    public DestinationWriter(DestinationEntry place, ITargetFile? target, CancellationToken cancellation)
    {
        _request = new CopyRequest { Source = place.Path, Destination = place.Path };
        _place = place;
        MetadataWarnings = new MetadataWarnings();
        _cancellation = cancellation;
        IsNew = target is not ExistingFile;
        _target = target ?? StagedFile.Create(place, CreateMode, cancellation);
        _content = new WrittenContent(place, _target, algorithm: null, Report, cancellation);
        Destination = Describe();
    }

    /// <summary>The destination, open for writing.</summary>
    public Descriptor Destination { get; private set; }

    public SafeFileHandle Handle => _target.Handle;

    /// <summary>True if it is a new file, which gets its name when it is complete.</summary>
    public bool IsNew { get; }

    /// <summary>The identity of the file that gets the name, after <see cref="Identify"/>.</summary>
    public FileIdentity? Identity { get; private set; }

    /// <summary>Methods that were unsupported.</summary>
    public IReadOnlyList<MethodAttempt> Attempts => _run!.Attempts;

    public MetadataWarnings MetadataWarnings { get; }

    private bool ReplacesRegularFile => _place.Existing?.Kind == DescriptorKind.Regular;

    /// <summary>The mode of a FIFO or device does not fit a file, and a range is not the file that it was taken from.</summary>
    private bool TakesAttributes => _source?.Kind == DescriptorKind.Regular && _request.IsWhole
        && (IsNew || (_request.IsExact && ReplacesRegularFile));

    private long Resumed => _target is PartialFile partial ? partial.ResumeOffset : 0;

    private long Size => Resumed + _writtenBefore + _counters!.BytesCopied;

    private long? Length => Destination.Kind != DescriptorKind.Regular ? null
        : IsNew || _request.IsExact ? Size
        : Math.Max(_place.Existing!.Size, (_target is AppendedFile appended ? appended.Start : _request.DestinationOffset ?? 0) + Size);

    private long? DestinationStart => _target is AppendedFile appended ? appended.Start : _spec!.DestinationOffset - Resumed;

    /// <summary>None after a failed fsync(2) or close(2), which do not report the lost bytes; null if none is known to be lost.</summary>
    private long? GoodBytes => _content.IsLost || _run?.IsLost == true ? 0 : null;

    private int Access => _request.Verify || _request.HashAlgorithm.HasValue || (IsNew && _request.Delta != DeltaMode.Never) ? LibC.O_RDWR : LibC.O_WRONLY;

    /// <summary>Computed once: it reads the source's access control list.</summary>
    private uint CreateMode => _createMode ??=
        ReplacesRegularFile || (TakesAttributes && _request.Preserve.HasFlag(PreserveAttributes.Mode) && !KeepsCreateMode) ? ModeBits.Private
        : TakesAttributes || _request.IsPart ? AccessControlList.PermissionsWithoutList(_source!.Handle, _source.Status)
        : ModeBits.Default;

    /// <summary>True if the file is created with its final mode, unless it has a temporary name by which others could open it:
    /// the cache has how much of it is granted, and neither an owner nor a list has to be set first.</summary>
    private bool KeepsCreateMode => _place is { Existing: null, Modes: not null } && TakesAttributes && !_request.Resume
        && (_request.Preserve & ModeAndItsMasters) == PreserveAttributes.Mode;

    /// <summary>Writes the file and gives it its name.</summary>
    /// <returns>Its identity if that was requested, which takes another call.</returns>
    /// <exception cref="TransferException">It failed; the old file is unchanged unless it was written in place.</exception>
    public FileIdentity? WriteAndCommit(bool isIdentified)
    {
        Write();
        if (isIdentified)
        {
            Identify();
        }

        Commit();
        return Identity;
    }

    /// <summary>Reads the identity, which takes a call: before the commit, after which a failure would come too late.</summary>
    public void Identify() => Run(static writer => writer.Identity = writer.Destination.Status.Identity);

    /// <summary>Writes the file completely, without a name.</summary>
    public void Write()
    {
        WriteContent();
        Finish();
    }

    public void WriteContent() => Run(static writer =>
    {
        if (writer._source!.Kind == DescriptorKind.Regular && writer._spec!.Length >= Tuning.ReadAheadAbove)
        {
            LibC.AdviseSequential(writer._source.Handle);
        }

        writer._run!.Run();
        writer._old?.ThrowIfTorn(writer._source!, writer.Handle, writer.Size, writer._cancellation);
    });

    /// <summary>Continues with another source, behind the content so far.</summary>
    public void Continue(Descriptor source, TransferSpec spec, TransferMonitor monitor, TransferCounters counters)
    {
        _writtenBefore += _counters!.BytesCopied;
        _run!.Dispose();
        Destination = IsNew ? Descriptor.OfNewFile(_target.Handle, _place.Label, _writtenBefore) : Destination;
        Begin(source, spec, monitor, counters);
    }

    /// <summary>Verifies the content, sets the metadata, and flushes both.</summary>
    public void Finish() => Run(static writer =>
    {
        if (writer._run is not null)
        {
            writer.CutRest();
            writer.Hash(isComplete: true);
            writer.Verify();
        }

        writer.SetMetadata();
        writer.Flush();
    });

    /// <summary>Gives a new file its name.</summary>
    public void Commit() => Run(static writer =>
    {
        if (writer._target is StagedFile staged)
        {
            staged.MetadataWarnings = writer.MetadataWarnings;
            staged.WhenRecreated = () =>
            {
                writer.Destination = Descriptor.OfNewFile(staged.Handle, writer._place.Label);
                writer.Identity = writer.Identity is null ? null : writer.Destination.Status.Identity;
                writer.Verify();
                writer.Flush();
            };
        }

        writer._target.Commit(writer._place.Replaces);
        if (writer._folder is not null)
        {
            writer._flushed = false;
            DiskFlush.OfName(writer._folder, writer._place, writer.Result(), writer._cancellation);
            writer._flushed = true;
        }
    });

    /// <summary>Gives a new file its name, or a free one beside it if another program has taken the name: content that others
    /// wrote cannot be written a second time.</summary>
    public void CommitOrKeep() => (_target as StagedFile)?.CommitOrKeep(_place.Replaces);

    /// <summary>Gives a new file its name, and returns what undoes that.</summary>
    public ReplacedFile CommitReversibly()
    {
        var replaced = ReplacedFile.Keep(_place);
        try
        {
            Commit();
            return replaced;
        }
        catch (Exception exception)
        {
            if (replaced.PutBack(made: null) is string left && exception is TransferException failed)
            {
                throw failed.Adding(left);
            }

            throw;
        }
    }

    public TransferResult Result() => _run!.Result() with
    {
        Status = ReplacesRegularFile ? ItemStatus.Updated : ItemStatus.Copied,
        Length = Length,
        Offset = _spec!.Offset - Resumed,
        DestinationOffset = DestinationStart,
        Count = _request.Count,
        ResumedAt = Resumed > 0 ? Resumed : null,
        Verified = _content.IsVerified,
        Hash = _content.Hash,
        Algorithm = _content.Hash is null ? null : _request.HashAlgorithm,
        Flushed = _flushed,
        Warnings = MetadataWarnings.Describe(),
    };

    public void Dispose()
    {
        _run?.Dispose();
        _folder?.Dispose();
        _old?.Dispose();
        _content?.Dispose();
        _target.Dispose();
    }

    /// <summary>Runs a step. If it fails, the file is abandoned, and the error reports what is left of it.</summary>
    private void Run(Action<DestinationWriter> step)
    {
        try
        {
            step(this);
        }
        catch (OperationCanceledException)
        {
            throw Abandon(new TransferException(TransferErrorId.Cancelled,
                $"Copying '{_source!.Name}' to '{_place.Path}' was stopped after the last byte, before the copy had its metadata and its name.",
                "Run the command again.",
                Errno.ECANCELED, _place.Path));
        }
        catch (TransferException exception)
        {
            TransferException abandoned = Abandon(exception);
            if (abandoned == exception)
            {
                throw;
            }

            throw abandoned;
        }
        catch
        {
            _target.Abandon(GoodBytes);
            throw;
        }
    }

    private TransferException Abandon(TransferException exception)
    {
        exception.Partial ??= _run is null ? null : Result();
        string? remark = _target.Abandon(exception.DifferenceOffset ?? GoodBytes);
        if (!IsNew && !_request.Append && Destination.Kind == DescriptorKind.Regular && _counters?.BytesCopied > 0 && exception.DifferenceOffset is null)
        {
            remark = "It was written in place: the copy is incomplete, and the old content of what was written is lost.";
        }

        return remark is null ? exception : exception.Adding(remark);
    }

    private ITargetFile Open(Descriptor source, TransferSpec spec)
    {
        if (IsNew)
        {
            return _request.Resume && spec.Length > Tuning.ResumableAbove
                ? PartialFile.Open(_place, source, spec, _cancellation)
                : StagedFile.Create(_place, CreateMode, _cancellation, Access, KeepsCreateMode ? ModeBits.Private : null);
        }

        TransferTrace.Current?.Note($"{_place.Path}: is written in place");
        return _request.Append
            ? AppendedFile.Open(_place, Access, _cancellation)
            : ExistingFile.Open(_place, Access, _cancellation);
    }

    private Descriptor Describe() => _target is StagedFile
        ? Descriptor.OfNewFile(_target.Handle, _place.Label, _old?.Size ?? 0)
        : Descriptor.Describe(_target.Handle, _place.Label);

    private void Begin(Descriptor source, TransferSpec spec, TransferMonitor monitor, TransferCounters counters)
    {
        (_source, _counters) = (source, counters);
        _spec = _target switch
        {
            PartialFile { ResumeOffset: long resumed } => spec with
            {
                Offset = spec.Offset + resumed,
                DestinationOffset = resumed,
                Length = spec.Length - resumed,
                RequestedCount = spec.RequestedCount - resumed,
                GrowsInOrder = true,
            },
            AppendedFile appended => spec with { DestinationOffset = appended.OldSize, Append = appended.Position },
            _ => spec with { DestinationOffset = Destination.IsSeekable ? (_request.DestinationOffset ?? 0) + _writtenBefore : null, OldContent = _old?.Content },
        };
        RangeCheck.Destination(Destination, _request.DestinationOffset, _spec.DestinationOffset, _spec.Length);
        if (!IsNew)
        {
            RangeCheck.ThrowIfOverlapping(source, _spec.Offset, Destination, _spec.DestinationOffset, _spec.Length);
        }

        _run = new TransferRun(source, Destination, _spec, _content.Watch(monitor, () => Hash(isComplete: false)), counters);
    }

    /// <summary>A longer file that was written in place still has its old end; and behind that of one that was opened several
    /// times, XFS keeps blocks for more.</summary>
    private void CutRest()
    {
        bool hasOldEnd = _old is not null || (!IsNew && _request.IsExact && ReplacesRegularFile);
        if ((hasOldEnd || _target is PartialFile) && LibC.Truncate(_target.Handle, Size) is { Ok: false } cut)
        {
            throw FileFailures.Cut(_place.Path, Size, cut.Errno);
        }
    }

    /// <summary>Before the metadata is set: reading changes the access time.</summary>
    private void Verify()
    {
        if (_request.Verify)
        {
            if (_request.WritesBack)
            {
                _content.WriteBack(Size);
            }
            else
            {
                FlushBytes();
            }

            _content.Verify(_source!, _spec!.Offset!.Value - Resumed, DestinationStart!.Value, Size, isInPlace: !IsNew);
        }
    }

    private void SetMetadata()
    {
        if (_target is PartialFile partial && CreateMode != ModeBits.Private)
        {
            MetadataWarnings.Note(partial.SetCreateMode(_place, CreateMode, _cancellation), "the mode", _place.Label);
        }

        if (IsNew)
        {
            PreserveAttributes had = HasFinalMode() ? PreserveAttributes.Mode : PreserveAttributes.None;
            Metadata.OfFile(_target.Handle, _place, TakesAttributes ? _source : null, _request.Preserve & ~had, MetadataWarnings);
        }
        else if (TakesAttributes)
        {
            Metadata.Set(_target.Handle, _place.Label, _source!.Handle, _source.Status, _request.Preserve, isPath: false, MetadataWarnings);
        }
    }

    private bool HasFinalMode()
    {
        if (!KeepsCreateMode || _target is not StagedFile { IsUnnamed: true })
        {
            return false;
        }

        _place.Modes!.Learn(_target.Handle, CreateMode);
        return _place.Modes.Covers(CreateMode);
    }

    private void Report(TransferPhase phase, long bytes) =>
        _progress?.Invoke(new TransferProgress(bytes, Size, _counters?.Elapsed ?? default) { Phase = phase });

    /// <summary>Before the name is given: until the new file is on the disk, the old one is.</summary>
    private void Flush()
    {
        if (_request.Flush)
        {
            _flushed = FlushBytes();
        }
        else if (_request is { WritesBack: true, Verify: false } && !DiskFlush.OfFileSystemReportsErrors)
        {
            _content.WriteBack(Size);
        }
    }

    private bool FlushBytes() => _content.Flush(Destination.Kind, Size);

    /// <summary>Hashes what the destination has by now; of a pipe or device that cannot be read, what the source has.</summary>
    private void Hash(bool isComplete)
    {
        bool isReadable = Destination.Kind is DescriptorKind.Regular or DescriptorKind.Block;
        (Descriptor file, long? start) = isReadable ? (Destination, DestinationStart) : (_source!, _spec!.Offset);

        // The middle of a range is reflinked before its edges.
        if (isComplete || _counters!.BytesReflinked == 0)
        {
            _content.HashUpTo(file, start ?? 0, Size, isComplete);
        }
    }
}
