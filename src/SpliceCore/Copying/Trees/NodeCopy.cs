using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying.Trees;

/// <summary>Copies a single link or special file that was named, not one in a folder.</summary>
internal static class NodeCopy
{
    /// <param name="request">What to copy.</param>
    /// <param name="kind">What it was when it was looked at.</param>
    /// <param name="followLink">Whether a link stands for the special file that it leads to.</param>
    /// <param name="cancellation">Ends the wait for the disk.</param>
    /// <exception cref="TransferException">It was not copied; what was in its place is as before.</exception>
    public static TransferResult Copy(CopyRequest request, DescriptorKind kind, bool followLink, CancellationToken cancellation)
    {
        var tally = new TransferTally();
        int flags = OpenFlags.PathOnly | (followLink ? 0 : OpenFlags.NoFollow);
        SysResult opened = LibC.Open(request.Source, flags, out SafeFileHandle source);
        using (source)
        {
            FileStatus? status = null;
            SysResult looked = opened.Ok ? FileStatus.TryGet(source, out status) : opened;
            if (!looked.Ok)
            {
                throw Failures.OpenSource(request.Source, looked.Errno);
            }

            if (status!.Kind != kind)
            {
                throw TreeErrors.Moved(request.Source);
            }

            using var destination = TreeDestination.Find(request, status);
            Place place = destination.Place;
            if (place.Existing is { } existing)
            {
                if (FileStatus.TryGet(place.Folder, out FileStatus? folderStatus).Ok)
                {
                    ExistingDestination.CheckFolder(request, folderStatus!.Inode, existing, place.Label);
                }

                ExistingDestination.Check(
                    request, status, request.Source, existing, place.Label, () => LibC.MayWriteAt(place.Folder, place.Name));
                LinkCheck.ThrowIfLeadsTo(source, request.Source, place);
            }

            OptionCheck.Node(request, request.Source, kind, place);
            using SafeFileHandle? folder = request.Flush ? DiskFlush.OpenFolder(place) : null;
            var losses = new MetadataLosses();
            using var node = StagedNode.Make(place with { MayReplace = !request.NoClobber }, source, status, request.Source);
            FileIdentity made = node.Finish(source, status, request.Preserve, losses);
            request.Ledger?.AddNode(made);
            var result = new TransferResult
            {
                Source = request.Source,
                Destination = place.Path,
                Attempts = [],
                SystemCalls = tally.SystemCalls,
                Elapsed = tally.Elapsed,
                Warnings = losses.Describe(),
            };
            if (folder is not null)
            {
                DiskFlush.OfName(folder, place, result, cancellation);
            }

            return result with { Flushed = request.Flush };
        }
    }
}
