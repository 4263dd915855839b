using Microsoft.Win32.SafeHandles;
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
        var tally = new TransferTally();
        RangeCheck.Numbers(request.Offset, request.Count, request.DestinationOffset, request.Source, request.Destination);
        PathCheck.Name(request.Source);
        PathCheck.Name(request.Destination);
        OptionCheck.Combination(request);
        try
        {
            Descriptor source = SourceFile.Open(
                request.Source, monitor.Cancellation, Retrier.For(request, monitor, tally));
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
        DestinationPath destination = DestinationPath.Resolve(request.Source, request.Destination);
        TransferSpec spec = CopySpec.Of(request, source, monitor, tally);
        ExistingDestination.Check(request, source, destination);
        using SafeFileHandle folder = destination.OpenFolder();
        if (destination.Existing is { Kind: DescriptorKind.Regular } && request.Ledger is not null
            && FileStatus.TryGet(folder, out FileStatus? status).Ok)
        {
            ExistingDestination.CheckFolder(request, status!.Inode, destination.Path);
        }

        var place = new Place(folder, destination.Name, destination.Existing, destination.Path, MayReplace: !request.NoClobber)
        {
            IsNamedByUser = true,
        };
        using var file = new NewFile(request, source, place, spec, monitor, tally, new MetadataLosses());
        file.Make();
        request.Ledger?.AddFile(file.Identity);
        return file.Result();
    }

    private static TransferResult Replace(
        CopyRequest request, Descriptor source, DestinationFolder folder, Place place, TransferMonitor monitor, TransferTally tally)
    {
        DevicePair devices = folder.DevicesFrom(source.Status);
        TransferSpec spec = CopySpec.Of(request, source, monitor, tally) with
        {
            DestinationFileSystem = devices.FileSystem,
            SkipsReflink = devices.RefusesReflink,
        };
        if (place.Existing is { } existing)
        {
            ExistingDestination.CheckFolder(request, folder.Identity, place.Label);
            ExistingDestination.Check(request, source.Status, request.Source, existing, place.Label, () => folder.MayWrite(place));
        }

        using var file = new NewFile(request, source, place, spec, monitor, tally, new MetadataLosses());
        try
        {
            file.Make();
        }
        catch (TransferException exception) when (folder.IsNew && exception.Id == TransferErrorId.DestinationExists)
        {
            throw ExistingDestination.CameMeanwhile(request.Source, place.Path);
        }

        if (!folder.IsNew)
        {
            request.Ledger?.AddFile(file.Identity);
        }

        TransferResult result = file.Result();
        devices.Learn(result.Attempts);
        return result;
    }
}
