using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying.Parts;

/// <summary>A file that several others go into, one behind the other. It takes its place when it has all of them; a device
/// or FIFO that is there is written into.</summary>
internal sealed class JoinedFile(
    JoinRequest request, DestinationPath destination, TransferMonitor monitor, long? total) : IDisposable
{
    private const uint PrivateMode = 0x180; // 0600, until the file gets the mode of another
    private const uint DefaultMode = 0x1B6; // 0666, of which the umask takes its share
    private const uint ReadWriteExecuteForAll = 0x1FF; // 0777

    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly MetadataLosses _losses = new();
    private readonly TreeSums _sums = new();
    private readonly List<MethodAttempt> _attempts = [];
    private readonly Place _place = destination.ToPlace(mayReplace: !request.Copy.NoClobber);
    private ITargetFile? _target;
    private bool _flushed;

    private bool WritesInto => _place.Existing is { Kind: not DescriptorKind.Regular };

    /// <summary>Reads all files, and puts the whole in its place.</summary>
    public TransferResult Make()
    {
        foreach (string source in request.Sources)
        {
            Add(request.Copy with { Source = source });
        }

        Finish();
        return Result();
    }

    public void Dispose() => _target?.Dispose();

    private void Add(CopyRequest copy)
    {
        var tally = new TransferTally();
        Descriptor source = SourceFile.Open(copy.Source, monitor.Cancellation, Retrier.For(copy.Retry, monitor, tally));
        using (source.Handle)
        {
            ExistingDestination.Check(copy, source, destination);
            _target ??= Open(source);
            Descriptor output = WritesInto
                ? Descriptor.Describe(_target.Handle, _place.Label)
                : Descriptor.OfNewFile(_target.Handle, _place.Label, _sums.BytesCopied);
            TransferSpec spec = CopySpec.Of(copy, source, monitor, tally) with
            {
                DestinationOffset = output.IsSeekable ? _sums.BytesCopied : null,
            };
            RangeCheck.Destination(output, null, spec.DestinationOffset, spec.Length);
            RangeCheck.NotTheSame(source, spec.Offset, output, spec.DestinationOffset, spec.Length);
            using var run = new TransferRun(source, output, spec, Watch(), tally);
            try
            {
                run.Run();
                Count(tally, run);
            }
            catch (TransferException exception)
            {
                Count(tally, run);
                exception.Partial = Result();
                throw;
            }
        }
    }

    /// <summary>A new file is as private as the first of its parts.</summary>
    private ITargetFile Open(Descriptor first)
    {
        if (WritesInto)
        {
            return new ExistingFile(OpenDestination.InPlace(_place, OpenFlags.WriteOnly, monitor.Cancellation));
        }

        uint mode = _place.Existing is not null ? PrivateMode
            : first.Kind == DescriptorKind.Regular ? AccessControlList.WithoutList(first.Handle, first.Status.Permissions) & ReadWriteExecuteForAll
            : DefaultMode;
        return StagedFile.Create(_place, mode, monitor.Cancellation);
    }

    private void Count(TransferTally tally, TransferRun run)
    {
        _sums.Add(tally);
        _sums.Files++;
        _sums.SystemCalls += tally.SystemCalls;
        _attempts.AddRange(run.Attempts.Where(attempt => !_attempts.Contains(attempt)));
    }

    private void Finish()
    {
        if (!WritesInto)
        {
            Metadata.OfFile(_target!.Handle, _place, source: null, PreserveAttributes.None, _losses);
        }

        using SafeFileHandle? folder = request.Copy.Flush && !WritesInto ? DiskFlush.OpenFolder(_place) : null;
        Flush();
        if (_target is StagedFile staged)
        {
            staged.WhenRecreated = Flush;
        }

        _target!.Commit(_place.Replaces);
        if (folder is not null)
        {
            DiskFlush.OfFolder(folder, _place.Path, monitor.Cancellation);
        }
    }

    private void Flush()
    {
        if (request.Copy.Flush)
        {
            DescriptorKind kind = _place.Existing?.Kind ?? DescriptorKind.Regular;
            _flushed = DiskFlush.OfFile(_target!.Handle, kind, _place.Path, monitor.Cancellation);
        }
    }

    /// <summary>Tells how far the whole is, not the file that is under way.</summary>
    private TransferMonitor Watch()
    {
        long before = _sums.BytesCopied;
        return monitor.Progress is not { } progress ? monitor : monitor with
        {
            Progress = now => progress(new TransferProgress(before + now.BytesCopied, total, Stopwatch.GetElapsedTime(_started))),
        };
    }

    private TransferResult Result() => new()
    {
        Source = request.Sources.Count == 1 ? request.Sources[0] : $"{request.Sources[0]} and {request.Sources.Count - 1} more",
        Destination = _place.Path,
        DestinationOffset = _target is null || _place.Existing is { Kind: not (DescriptorKind.Regular or DescriptorKind.Block) } ? null : 0,
        BytesMoved = _sums.BytesMoved,
        BytesReflinked = _sums.BytesReflinked,
        BytesInHoles = _sums.BytesInHoles,
        FileCount = _sums.Files,
        Method = _sums.MainMethod,
        Attempts = _attempts,
        Flags = request.Copy.Flags,
        SystemCalls = _sums.SystemCalls,
        Retries = _sums.Retries,
        Elapsed = Stopwatch.GetElapsedTime(_started),
        Flushed = _flushed,
        Warnings = _losses.Describe(),
    };
}
