using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Plans which items of a folder each of several hosts gets. The folder is read once for all.</summary>
/// <param name="token">The text that separates the parts of listings, where a host cannot print zeros.</param>
internal sealed class TreePlanner(SendRequest request, string token, CancellationToken cancellation)
{
    private const int FileFlags = LibC.O_RDONLY | LibC.O_NONBLOCK | LibC.O_NOCTTY;

    private readonly Dictionary<HostUpload, HostListing> _listings = [];
    private readonly Dictionary<HostUpload, EqualNames> _equal = [];

    /// <summary>Called in a dry run with what would be done with each file.</summary>
    public Action<RemoteHost, TransferResult>? Planned { get; init; }

    /// <summary>Called before an item is removed from a host with all that is in it, and decides that; null to remove all.</summary>
    public Func<RemoteHost, TransferResult, bool>? MayRemove { get; init; }

    /// <summary>The first error of reading the folder; null if all of it was read.</summary>
    public TransferException? Obstacle { get; private set; }

    /// <summary>Reads what has come of the listing of a host.</summary>
    /// <returns>True if it is complete.</returns>
    public bool TryRead(HostUpload upload)
    {
        if (!_listings.TryGetValue(upload, out HostListing? listing))
        {
            _listings.Add(upload, listing = new HostListing(token, request.Preserve));
        }

        return listing.TryRead(upload.Session!);
    }

    /// <summary>True if the listing of a host is complete.</summary>
    public bool HasListing(HostUpload upload) => _listings.TryGetValue(upload, out HostListing? listing) && listing.IsComplete;

    /// <summary>Makes the plans, but for the comparison of contents.</summary>
    /// <returns>The size of the folder.</returns>
    public TreeTotals Plan(IReadOnlyList<HostUpload> uploads)
    {
        var totals = new TreeTotals(request.Preserve);
        foreach (TreeItem item in SelectedItems.Enumerate(request, failed: exception => Obstacle ??= exception, cancellation, omitted: Keep))
        {
            foreach (HostUpload upload in uploads)
            {
                upload.Plan ??= PlanFor(upload, item.Handle);
            }

            if (item.IsLeft)
            {
                continue;
            }

            if (totals.Add(item))
            {
                TryAdd(uploads, item);
            }
            else
            {
                // The walk that sends reports why it is not sent.
                Keep(item);
                Need(uploads, item);
            }
        }

        return totals;

        void Keep(TreeItem item)
        {
            foreach (HostUpload upload in uploads)
            {
                upload.Plan!.Keep(item);
            }
        }
    }

    /// <summary>Reads what has come of the names of equal files.</summary>
    /// <returns>True if all of them have come.</returns>
    public bool TryReadEqual(HostUpload upload)
    {
        if (!_equal.TryGetValue(upload, out EqualNames? names))
        {
            _equal.Add(upload, names = new EqualNames(upload.Plan!.Sums));
        }

        return names.TryRead(upload.Session!);
    }

    /// <summary>Completes the plan for a host.</summary>
    public void Complete(HostUpload upload)
    {
        HostTreePlan plan = upload.Plan!;
        plan.Complete(_equal.TryGetValue(upload, out EqualNames? equal) ? equal.Names : []);
        if (request.RemoveExtra)
        {
            plan.PlanRemovals(request, DestinationOf(upload));
        }
    }

    /// <summary>Confirms what is removed from a host.</summary>
    /// <exception cref="TransferException">It is too much.</exception>
    public void ConfirmRemovals(HostUpload upload)
    {
        if (upload.Plan!.Removals is not { } removals)
        {
            return;
        }

        if (request.IsDryRun)
        {
            removals.Results().ToList().ForEach(item => Planned?.Invoke(upload.Host, item));
            upload.Removed = removals.Results().Sum(item => item.Removed);
        }

        removals.ThrowIfTooMany();
        if (!request.IsDryRun)
        {
            if (MayRemove is { } mayRemove)
            {
                removals.Confirm(item => mayRemove(upload.Host, item));
            }

            removals.TouchFolders();
        }

        upload.ItemErrors.AddRange(removals.Reports);
    }

    private string DestinationOf(HostUpload upload) => (_listings[upload].Path ?? request.DestinationOf(upload.Host)).TrimEnd('/');

    private HostTreePlan PlanFor(HostUpload upload, SafeFileHandle top)
    {
        HostListing listing = _listings[upload];
        bool isPax = !TreeSendRun.IsGnu(upload.Form);
        PreserveAttributes preserve = request.Preserve & ~(upload.Form == TreeSendRun.FullForm ? PreserveAttributes.None : PreserveAttributes.Xattr | PreserveAttributes.Acl);
        long unit = isPax ? listing.TimeUnit : Math.Max(TimePrecision.Second, listing.TimeUnit);
        return new HostTreePlan(request.Update, listing, preserve, keepsLinks: isPax, TimePrecision.Of(top, unit, TimeSpan.Zero))
        {
            Report = Planned is null ? null : (path, source, decision) => Planned(
                upload.Host, TreePlan.Describe(path, source, decision, request.Source.TrimEnd('/'), DestinationOf(upload))),
        };
    }

    private void TryAdd(IReadOnlyList<HostUpload> uploads, TreeItem item)
    {
        List<HostTreePlan> compared = [];
        try
        {
            compared.AddRange(uploads.Select(upload => upload.Plan!).Where(plan => plan.Add(item)));
            if (compared.Count > 0)
            {
                string digest = Digest(item);
                compared.ForEach(plan => plan.Sums.Add(item.Path, digest));
            }
        }
        catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
        {
            // Without a decision, the item is sent, and the error is reported then.
            Need(uploads, item);
        }
    }

    private static void Need(IReadOnlyList<HostUpload> uploads, TreeItem item)
    {
        foreach (HostUpload upload in uploads)
        {
            upload.Plan!.Need(item);
        }
    }

    private string Digest(TreeItem item)
    {
        using SafeFileHandle file = item.Open(FileFlags, cancellation);
        return ContentDigest.Compute(file, item.Status.Size, errno => FileFailures.OpenSource(item.Label, errno), cancellation);
    }
}
