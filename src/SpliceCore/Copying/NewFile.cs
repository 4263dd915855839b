using Microsoft.Win32.SafeHandles;
using Splice.Copying.Parts;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>A file that a copy makes: it gets the source's bytes and attributes, and then takes its place in one step. One
/// that is there already is written into instead, where the request wants that.</summary>
internal sealed class NewFile : IDisposable
{
    private const uint PrivateMode = 0x180; // 0600, until the file gets the mode of another
    private const uint DefaultMode = 0x1B6; // 0666, of which the umask takes its share
    private const uint ReadWriteExecuteForAll = 0x1FF; // 0777

    private const PreserveAttributes ModeAndItsMasters = PreserveAttributes.Mode | PreserveAttributes.Ownership | PreserveAttributes.Acl;

    private const long WorthReadingAhead = 4 << 20; // bytes

    private readonly CopyRequest _request;
    private readonly Descriptor _source;
    private readonly Place _place;
    private readonly MetadataLosses _losses;
    private readonly TransferTally _tally;
    private readonly ITargetFile _target;
    private readonly TransferRun _run;
    private readonly TransferSpec _spec;
    private Descriptor _destination;
    private readonly SafeFileHandle? _folder;
    private readonly CancellationToken _cancellation;
    private bool _verified;
    private bool _flushed;
    private bool _isLost;
    private uint? _creationMode;
    private ReplacedFile? _replaced;

    /// <param name="request">How to copy.</param>
    /// <param name="source">What to copy.</param>
    /// <param name="place">Where to.</param>
    /// <param name="spec">Which bytes.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <param name="tally">Counts.</param>
    /// <param name="losses">Hears what could not be kept.</param>
    public NewFile(
        CopyRequest request, Descriptor source, Place place, TransferSpec spec, TransferMonitor monitor, TransferTally tally, MetadataLosses losses)
    {
        _request = request;
        _source = source;
        _place = place;
        _losses = losses;
        _tally = tally;
        _cancellation = monitor.Cancellation;
        OptionCheck.Kinds(request, source, place);
        _target = Open(spec);
        try
        {
            _folder = request.Flush && !WritesInto && place.IsNamedByUser ? DiskFlush.OpenFolder(place) : null;
            _destination = _target is StagedFile
                ? Descriptor.OfNewFile(_target.Handle, place.Label)
                : Descriptor.Describe(_target.Handle, place.Label);
            spec = Begin(spec, _destination);
            RangeCheck.Destination(_destination, request.DestinationOffset, spec.DestinationOffset, spec.Length);
            if (WritesInto)
            {
                RangeCheck.NotTheSame(source, spec.Offset, _destination, spec.DestinationOffset, spec.Length);
            }

            _spec = spec;
            _run = new TransferRun(source, _destination, spec, monitor, tally);
        }
        catch
        {
            _folder?.Dispose();
            _target.Dispose();
            throw;
        }
    }

    /// <summary>Which file it is. To be asked before the file has its name: the look can fail.</summary>
    public FileIdentity Identity => _destination.Status.Identity;

    /// <summary>The methods that did not serve.</summary>
    public IReadOnlyList<MethodAttempt> Attempts => _run.Attempts;

    private bool WritesInto => _place.Existing?.Kind switch
    {
        null => false,
        DescriptorKind.Regular => _request.WritesInto,
        _ => _place.IsNamedByUser,
    };

    /// <summary>A FIFO's or a device's mode is no mode for a file, and a range is not the file that it was taken from.</summary>
    private bool TakesAttributes => _request.IsWhole && _source.Kind == DescriptorKind.Regular
        && (!WritesInto || (_request.IsExact && _place.Existing!.Kind == DescriptorKind.Regular));

    private long Kept => _target is PartialFile partial ? partial.Kept : 0;

    /// <summary>Where the copy begins in the destination; null where that has no positions.</summary>
    private long? DestinationStart => _target is AppendedFile appended ? appended.Start : _spec.DestinationOffset - Kept;

    private int Access => _request.Verify ? OpenFlags.ReadWrite : OpenFlags.WriteOnly;

    /// <summary>Looked for once: it takes a look at the source's access control list.</summary>
    private uint CreationMode => _creationMode ??= (_place.Existing?.Kind == DescriptorKind.Regular, TakesAttributes) switch
    {
        (false, false) => _request.IsPart ? SourcePermissions() : DefaultMode,
        (false, true) when !_request.Preserve.HasFlag(PreserveAttributes.Mode) || KeepsFirstMode => SourcePermissions(),
        _ => PrivateMode,
    };

    /// <summary>True if the file is opened with the source's mode, unless it has a hidden name by which others could open it:
    /// somebody remembers how much of it is granted, and neither an owner nor a list comes before it.</summary>
    private bool KeepsFirstMode => _place is { Existing: null, Modes: not null } && TakesAttributes && !_request.Resume
        && (_request.Preserve & ModeAndItsMasters) == PreserveAttributes.Mode;

    /// <summary>Copies, and puts the file in its place.</summary>
    /// <param name="isIdentified">Whether the caller wants to know which file it is, which takes another call.</param>
    /// <returns>Which file it is, where that was asked for.</returns>
    /// <exception cref="TransferException">It was not done; what was there is as before, unless it was written into.</exception>
    public FileIdentity? Make(bool isIdentified)
    {
        FileIdentity? identity = null;
        Stage();
        Do(file => identity = isIdentified ? file.Identity : null);
        Commit();
        return identity;
    }

    /// <summary>Copies. The file is complete, and has no name yet.</summary>
    /// <exception cref="TransferException">It was not done; what was there is as before, unless it was written into.</exception>
    public void Stage() => Do(static file =>
    {
        if (file._source.Kind == DescriptorKind.Regular && file._spec.Length >= WorthReadingAhead)
        {
            LibC.AdviseSequential(file._source.Handle);
        }

        file._run.Run();
        file.Finish();
    });

    /// <summary>Puts the file in its place.</summary>
    /// <exception cref="TransferException">It was not done; what was there is as before, unless it was written into.</exception>
    public void Commit() => Do(static file => file.TakePlace());

    /// <summary>Puts the file in its place, and keeps what it replaces until <see cref="Settle"/>.</summary>
    /// <exception cref="TransferException">It was not done; what was there is as before.</exception>
    public void CommitReversibly()
    {
        _replaced = _place.Replaces ? ReplacedFile.Keep(_place) : null;
        try
        {
            Commit();
        }
        catch
        {
            _replaced?.PutBack();
            throw;
        }
    }

    /// <summary>Takes the file out of its place again, and puts back what was there.</summary>
    public void TakeBack()
    {
        if (_replaced is not null)
        {
            _replaced.PutBack();
        }
        else
        {
            LibC.UnlinkAt(_place.Folder, _place.Name);
        }
    }

    /// <summary>Gives up what was replaced.</summary>
    public void Settle() => _replaced?.Forget();

    private void Do(Action<NewFile> step)
    {
        try
        {
            step(this);
        }
        catch (OperationCanceledException)
        {
            TransferException exception = new(TransferErrorId.Cancelled,
                $"Copying '{_source.Name}' to '{_place.Path}' was stopped after its last byte, before all was done that was asked for.",
                "Start it again.",
                Errno.ECANCELED, _place.Path)
            {
                Partial = Result(),
            };
            throw Abandon(exception) is string remark ? exception.Adding(remark) : exception;
        }
        catch (TransferException exception)
        {
            exception.Partial ??= Result();
            if (Abandon(exception) is not string remark)
            {
                throw;
            }

            throw exception.Adding(remark);
        }
        catch
        {
            Abandon();
            throw;
        }
    }

    /// <summary>Result.</summary>
    public TransferResult Result() => _run.Result() with
    {
        Offset = _spec.Offset - Kept,
        DestinationOffset = DestinationStart,
        Count = _request.Count,
        ResumedAt = Kept > 0 ? Kept : null,
        Verified = _verified,
        Flushed = _flushed,
        Warnings = _losses.Describe(),
    };

    public void Dispose()
    {
        _run.Dispose();
        _folder?.Dispose();
        _target.Dispose();
    }

    private uint SourcePermissions() =>
        AccessControlList.WithoutList(_source.Handle, _source.Status.Permissions) & ReadWriteExecuteForAll;

    private ITargetFile Open(TransferSpec spec)
    {
        if (!WritesInto)
        {
            return _request.Resume && spec.Length > PartialFile.NotWorthIt
                ? PartialFile.Open(_place, _source, spec, _cancellation)
                : StagedFile.Create(_place, CreationMode, _cancellation, Access, KeepsFirstMode ? PrivateMode : null);
        }

        TransferJournal.Current?.Note($"{_place.Path}: is written into, and stays the same file");
        return _request.Append
            ? AppendedFile.Open(_place, Access, _cancellation)
            : new ExistingFile(OpenDestination.InPlace(_place, Access, _cancellation));
    }

    /// <summary>Where the first byte goes, and which one that is.</summary>
    private TransferSpec Begin(TransferSpec spec, Descriptor destination) => _target switch
    {
        PartialFile { Kept: long kept } => spec with
        {
            Offset = spec.Offset + kept,
            DestinationOffset = kept,
            Length = spec.Length - kept,
            RequestedCount = spec.RequestedCount - kept,
            GrowsInOrder = true,
        },
        AppendedFile appended => spec with { DestinationOffset = appended.OldSize, Append = appended.Position },
        _ => spec with { DestinationOffset = destination.IsSeekable ? _request.DestinationOffset ?? 0 : null },
    };

    private void Finish()
    {
        CutRest();
        Verify();
        SetMetadata();
        Flush();
    }

    private void TakePlace()
    {
        if (_target is StagedFile staged)
        {
            staged.WhenRecreated = () =>
            {
                _destination = Descriptor.OfNewFile(staged.Handle, _place.Label);
                Verify();
                Flush();
            };
        }

        _target.Commit(_place.Replaces);
        FlushName();
    }

    private string? Abandon(TransferException? failure = null) =>
        _target.Abandon(_tally.BytesCopied, good: failure?.DifferenceOffset ?? (_isLost || _run.IsLost ? 0 : null));

    /// <summary>A longer file that was written into still has its old end; and behind that of one that was opened several
    /// times, XFS keeps blocks for more.</summary>
    private void CutRest()
    {
        bool hasOldEnd = WritesInto && _request.IsExact && _place.Existing!.Kind == DescriptorKind.Regular;
        if (!hasOldEnd && _target is not PartialFile)
        {
            return;
        }

        long size = Kept + _tally.BytesCopied;
        SysResult cut = LibC.Truncate(_target.Handle, size);
        if (!cut.Ok)
        {
            throw FileFailures.Cut(_place.Path, size, cut.Errno);
        }
    }

    /// <summary>Before the attributes are set: reading changes the time of the last access.</summary>
    private void Verify()
    {
        if (_request.Verify)
        {
            FlushBytes();
            Verification.Check(
                _source, _spec.Offset!.Value - Kept, _target.Handle, DestinationStart!.Value, Kept + _tally.BytesCopied,
                _place, WritesInto, isAppended: _target is AppendedFile, _cancellation);
            _verified = true;
        }
    }

    private void SetMetadata()
    {
        if (_target is PartialFile && CreationMode != PrivateMode)
        {
            // A file that is made now shows what umask and the folder's default access list leave of the mode.
            using var model = StagedFile.Create(_place, CreationMode, _cancellation);
            if (FileStatus.TryGet(model.Handle, out FileStatus? status).Ok)
            {
                LibC.ChangeMode(_target.Handle, status!.Permissions);
            }
        }

        if (!WritesInto)
        {
            PreserveAttributes had = HasMode() ? PreserveAttributes.Mode : PreserveAttributes.None;
            Metadata.OfFile(_target.Handle, _place, TakesAttributes ? _source : null, _request.Preserve & ~had, _losses);
        }
        else if (TakesAttributes)
        {
            Metadata.Set(_target.Handle, _place.Label, _source.Handle, _source.Status, _request.Preserve, isPath: false, _losses);
        }
    }

    private bool HasMode()
    {
        if (!KeepsFirstMode || _target is not StagedFile { IsUnnamed: true })
        {
            return false;
        }

        _place.Modes!.Learn(_target.Handle, CreationMode);
        return _place.Modes.Covers(CreationMode);
    }

    /// <summary>Before the name is given: until the disk has the new file, it has the old one.</summary>
    private void Flush()
    {
        if (_request.Flush)
        {
            _flushed = FlushBytes();
        }
    }

    private bool FlushBytes()
    {
        try
        {
            return DiskFlush.OfFile(_target.Handle, _destination.Kind, _place.Path, _cancellation);
        }
        catch (TransferException)
        {
            // The kernel tells it once. Then it takes what it has in its cache, and the disk has not, for written.
            _isLost = true;
            throw;
        }
    }

    private void FlushName()
    {
        if (_folder is not null)
        {
            _flushed = false;
            DiskFlush.OfFolder(_folder, _place.Path, _cancellation);
            _flushed = true;
        }
    }
}
