using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>Decides whether the destination of a single file is up to date, and sets the metadata of one that is.</summary>
internal static class FileUpdate
{
    private const int ReadFlags = LibC.O_RDONLY | LibC.O_NONBLOCK | LibC.O_NOCTTY;

    public static EntryDecision Decide(
        CopyRequest request, Descriptor source, DestinationEntry place, FileSystemPairCache? devices, TransferMonitor monitor, bool isDryRun = false)
    {
        if ((request.Update == UpdateMode.Always && !request.Resume) || place.Existing is not { Kind: DescriptorKind.Regular } existing
            || source.Kind != DescriptorKind.Regular || existing.Inode == source.Status.Inode || ExistingDestination.IsOfOtherSource(request, place))
        {
            // What may not be replaced is an error of its own.
            return Always(place);
        }

        TimePrecision precision = devices?.PrecisionOf(source.Handle, place.Folder, request.TimeTolerance)
            ?? TimePrecision.Of(source.Handle, place.Folder, request.TimeTolerance);
        EntryDecision decision = request.Update == UpdateMode.Always && IsComplete(request, source, place, existing, precision, monitor, isDryRun)
            ? new(ItemStatus.Unchanged) { IsVerified = request.Verify }
            : EntryDecision.Of(source.Status, existing, request.Update, precision, isReadable: true);
        if (decision.NeedsContent)
        {
            using SafeFileHandle item = OpenExisting(place, ReadFlags);
            decision = Comparison.AreEqual(source, item, place.Path, monitor.Cancellation) ? decision : EntryDecision.ContentDiffers;
        }

        return decision.Status == ItemStatus.Unchanged && !request.NoClobber
            && MetadataDifference.Find(
                source.Status, existing, request.Preserve, precision,
                () => MetadataDifference.Borrow(source.Handle), () => OpenExisting(place, LibC.O_PATH)) is string reason
            ? EntryDecision.OfMetadata(reason, existing)
            : decision;
    }

    /// <summary>Describes what the copy of an item that is not a folder would do, without opening a FIFO or device.</summary>
    public static TransferResult Preview(CopyRequest request, FileStatus source, CancellationToken cancellation)
    {
        request.ThrowIfInvalid();
        using var place = DestinationEntry.Resolve(request.Source, request.Destination, mayReplace: !request.NoClobber, request.CreatedFiles);
        EntryDecision decision = Always(place);
        if (source.Kind == DescriptorKind.Regular)
        {
            Descriptor file = SourceFile.Open(request.Source, cancellation, retrier: null);
            using (file.Handle)
            {
                decision = Decide(request, file, place, devices: null, new TransferMonitor(Cancellation: cancellation), isDryRun: true);
            }
        }

        if (decision.WritesContent)
        {
            ExistingDestination.Check(request, source, request.Source, place);
            ExistingDestination.ReserveToWrite(request, source, request.Source, place, cancellation);
        }

        return decision.Complete(new TransferResult
        {
            Source = request.Source,
            Destination = place.Path,
            Length = source.Kind == DescriptorKind.Regular ? source.Size : null,
            BytesMoved = decision.WritesContent && source.Kind == DescriptorKind.Regular ? source.Size : 0,
            Attempts = [],
        });
    }

    /// <summary>Leaves the content of a destination as it is, and sets the metadata that differ. With -Resume, it is flushed as the rest
    /// of the copy would be, and no partial file is left.</summary>
    public static TransferResult Leave(
        CopyRequest request, Descriptor source, DestinationEntry place, EntryDecision decision, TransferCounters counters,
        CancellationToken cancellation)
    {
        if (decision.Status != ItemStatus.Skipped)
        {
            ExistingDestination.ReserveToKeep(request, request.Source, place);
        }

        var warnings = new MetadataWarnings();
        if (decision.IsMetadataOnly)
        {
            using SafeFileHandle item = OpenExisting(place, LibC.O_PATH);
            var precision = TimePrecision.Of(source.Handle, place.Folder, request.TimeTolerance);
            if (!MetadataDifference.Set(item, place.Label, place.Existing!, source.Handle, source.Status, request.Preserve, precision, warnings))
            {
                decision = new(ItemStatus.Unchanged);
            }
        }

        bool isFlushed = request is { Resume: true, Flush: true } && Flush(place, cancellation);
        if (request.Resume && place.Existing!.Size > Tuning.ResumableAbove)
        {
            PartialFiles.RemoveOthers(place, place.Name);
        }

        if (decision.Status != ItemStatus.Skipped)
        {
            ExistingDestination.Keep(request, place);
        }

        string? hash = decision.Status == ItemStatus.Skipped ? null : Hash(request, place, cancellation);
        return decision.Complete(new TransferResult
        {
            Source = request.Source,
            Destination = place.Path,
            Length = place.Existing!.Size,
            Flushed = isFlushed,
            Hash = hash,
            Algorithm = hash is null ? null : request.HashAlgorithm,
            Attempts = [],
            SystemCalls = counters.SystemCalls,
            Elapsed = counters.Elapsed,
            Warnings = warnings.Describe(),
        });
    }

    private static string? Hash(CopyRequest request, DestinationEntry place, CancellationToken cancellation)
    {
        if (request.HashAlgorithm is not { } algorithm)
        {
            return null;
        }

        using SafeFileHandle file = OpenExisting(place, ReadFlags);
        return FileHash.Compute(algorithm, file, place.Path, place.Existing!.Size, cancellation);
    }

    private static bool IsComplete(
        CopyRequest request, Descriptor source, DestinationEntry place, FileStatus existing, TimePrecision precision, TransferMonitor monitor,
        bool isDryRun)
    {
        if (!CompleteCopy.IsPossible(request, source.Status, existing, precision))
        {
            return false;
        }

        using SafeFileHandle file = OpenExisting(place, ReadFlags);
        bool isProvable = !request.Verify
            && CompleteCopy.IsProvable(source.Status, existing, FileSystemTypes.Of(file), DataProof.FindBootTime());
        return CompleteCopy.HasContent(source, existing, file, place.Path, isProvable, request.Verify, isDryRun, monitor);
    }

    private static bool Flush(DestinationEntry place, CancellationToken cancellation)
    {
        using SafeFileHandle file = OpenExisting(place, ReadFlags);
        using SafeFileHandle folder = DiskFlush.OpenFolder(place);
        bool isFlushed = DiskFlush.OfFile(file, DescriptorKind.Regular, place.Path, cancellation);
        DiskFlush.OfFolder(folder, place.Path, cancellation);
        return isFlushed;
    }

    private static EntryDecision Always(DestinationEntry place) =>
        new(place.Existing?.Kind == DescriptorKind.Regular ? ItemStatus.Updated : ItemStatus.Copied);

    private static SafeFileHandle OpenExisting(DestinationEntry place, int flags)
    {
        SysResult opened = LibC.OpenAt(place.Folder, place.Name, flags | LibC.O_NOFOLLOW, 0, out SafeFileHandle handle);
        if (opened.Ok)
        {
            return handle;
        }

        handle.Dispose();
        throw FileFailures.OpenDestination(place.Path, opened.Errno);
    }
}
