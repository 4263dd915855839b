using Splice.Copying;
using Splice.Descriptors;
using Splice.Transfer;

namespace Splice;

/// <summary>Copies a file, or a range of one.</summary>
public static class FileCopy
{
    /// <summary>Copies a file. The old destination stays until the new one is complete.</summary>
    /// <param name="request">The file and the options.</param>
    /// <param name="monitor">Cancellation and progress.</param>
    /// <returns>The result.</returns>
    /// <exception cref="TransferException">It failed; a regular file that was to be replaced is unchanged.</exception>
    public static TransferResult Copy(CopyRequest request, TransferMonitor monitor) => Copy(request, folder: null, monitor);

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
                // Now there is a file to append to.
            }
        }
    }

    private static TransferResult CopyOnce(CopyRequest request, DestinationFolder? folder, TransferMonitor monitor)
    {
        request.ThrowIfInvalid();
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
                        place => Copy(request, source, place, folder, monitor, tally),
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

    private static TransferResult Copy(CopyRequest request, Descriptor source, TransferMonitor monitor, TransferTally tally)
    {
        using var place = Place.Resolve(request.Source, request.Destination, mayReplace: !request.NoClobber, request.Ledger);
        return Copy(request, source, place, folder: null, monitor, tally);
    }

    private static TransferResult Copy(
        CopyRequest request, Descriptor source, Place place, DestinationFolder? folder, TransferMonitor monitor, TransferTally tally)
    {
        DevicePair? devices = folder?.DevicesFrom(source.Status);
        TransferSpec spec = request.ToSpec(source, monitor, tally, devices);
        ExistingDestination.Check(request, source.Status, request.Source, place);
        if (place.Existing is { Kind: DescriptorKind.Regular })
        {
            ExistingDestination.CheckFolder(request, place, folder?.Identity);
        }

        using var file = new DestinationWriter(request, source, place, spec, monitor, tally, new MetadataLosses());

        // Into a pipe or a device without positions one source follows the other.
        bool isListed = request.Ledger is not null && folder?.IsNew != true
            && place.Existing?.Kind is null or DescriptorKind.Regular or DescriptorKind.Block;
        try
        {
            if (file.WriteAndCommit(isListed) is FileIdentity made)
            {
                request.Ledger!.AddFile(made);
            }
        }
        catch (TransferException exception) when (folder?.IsNew == true && exception.Id == TransferErrorId.DestinationExists)
        {
            throw ExistingDestination.CameMeanwhile(request.Source, place.Path);
        }

        TransferResult result = file.Result();
        devices?.Learn(result.Attempts);
        return result;
    }
}
