using Splice.Copying;
using Splice.Descriptors;
using Splice.Transfer;

namespace Splice;

/// <summary>Copies a file, or a range of one.</summary>
public static class FileCopy
{
    /// <summary>Copies. The old destination is there, whole, until the new one is.</summary>
    /// <param name="request">What to copy.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="TransferException">It was not done. A regular file that was to be replaced is as before.</exception>
    public static TransferResult Copy(CopyRequest request, TransferMonitor monitor) => Copy(request, folder: null, monitor);

    /// <summary>Copies into a folder that is open already, where it is one. Whoever opened it knows what goes there.</summary>
    internal static TransferResult Copy(CopyRequest request, DestinationFolder? folder, TransferMonitor monitor)
    {
        while (true)
        {
            try
            {
                return CopyOnce(request, folder, monitor);
            }
            catch (TransferException exception) when (AppendedFile.HasAppeared(request, exception))
            {
                // Now there is a file to add to.
            }
        }
    }

    private static TransferResult CopyOnce(CopyRequest request, DestinationFolder? folder, TransferMonitor monitor)
    {
        RangeCheck.Numbers(request.Offset, request.Count, request.DestinationOffset, request.Source, request.Destination);
        PathCheck.Name(request.Source);
        PathCheck.Name(request.Destination);
        OptionCheck.Combination(request);
        try
        {
            var tally = new TransferTally();
            Descriptor source = SourceFile.Open(
                request.Source, monitor.Cancellation, Retrier.For(request.Retry, monitor, tally));
            using (source.Handle)
            {
                return folder is null
                    ? Copy(request, source, monitor, tally)
                    : folder.Copy(
                        request.Source,
                        mayReplace: !request.NoClobber,
                        place => Replace(request, source, folder, place, monitor, tally),
                        () => Copy(request, source, monitor, tally));
            }
        }
        catch (OperationCanceledException)
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"Copying '{request.Source}' to '{request.Destination}' was stopped before the first byte.",
                "Start it again.",
                Errno.ECANCELED, request.Destination);
        }
    }

    private static TransferResult Copy(
        CopyRequest request, Descriptor source, TransferMonitor monitor, TransferTally tally)
    {
        using var destination = DestinationPath.Resolve(request.Source, request.Destination, request.Ledger);
        TransferSpec spec = CopySpec.Of(request, source, monitor, tally);
        ExistingDestination.Check(request, source.Status, destination);
        if (destination.Existing is { Kind: DescriptorKind.Regular } && request.Ledger is not null
            && FileStatus.TryGet(destination.Folder, out FileStatus? status).Ok)
        {
            ExistingDestination.CheckFolder(request, status!.Inode, destination.Existing, destination.Path);
        }

        Place place = destination.ToPlace(mayReplace: !request.NoClobber);
        using var file = new DestinationWriter(request, source, place, spec, monitor, tally, new MetadataLosses());

        // Into a pipe or a device without positions one source comes after the other.
        bool isListed = request.Ledger is not null && place.Existing?.Kind is null or DescriptorKind.Regular or DescriptorKind.Block;
        if (file.WriteAndCommit(isListed) is FileIdentity made)
        {
            request.Ledger!.AddFile(made);
        }

        return file.Result();
    }

    private static TransferResult Replace(
        CopyRequest request, Descriptor source, DestinationFolder folder, Place place, TransferMonitor monitor, TransferTally tally)
    {
        DevicePair devices = folder.DevicesFrom(source.Status);
        TransferSpec spec = CopySpec.Of(request, source, monitor, tally) with
        {
            DestinationFileSystem = devices.FileSystem,
            SourceFileSystem = devices.SourceFileSystemOf(source),
            SkipsReflink = devices.RefusesReflink,
        };
        if (place.Existing is { } existing)
        {
            ExistingDestination.CheckFolder(request, folder.Identity, existing, place.Label);
            ExistingDestination.Check(request, source.Status, request.Source, existing, place.Label, () => folder.MayWrite(place));
        }

        using var file = new DestinationWriter(request, source, place, spec, monitor, tally, new MetadataLosses());
        try
        {
            if (file.WriteAndCommit(isIdentified: !folder.IsNew && request.Ledger is not null) is FileIdentity made)
            {
                request.Ledger!.AddFile(made);
            }
        }
        catch (TransferException exception) when (folder.IsNew && exception.Id == TransferErrorId.DestinationExists)
        {
            throw ExistingDestination.CameMeanwhile(request.Source, place.Path);
        }

        TransferResult result = file.Result();
        devices.Learn(result.Attempts);
        return result;
    }
}
