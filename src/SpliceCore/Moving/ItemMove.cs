using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Moving;
using Splice.Transfer;

namespace Splice;

/// <summary>Moves a file, folder, link or special file: renames it, or copies it to another file system and then removes it.</summary>
public static class ItemMove
{
    /// <summary>Moves. Where it fails, the source is unchanged and nothing of it is at the destination, unless the error reports
    /// otherwise.</summary>
    /// <param name="request">The source, the destination and the options.</param>
    /// <param name="monitor">Callbacks and cancellation. Failed receives the errors of entries that were copied and not removed, because
    /// they have changed since or may not be removed.</param>
    /// <returns>The result; <see cref="TransferResult.Failed"/> is the number of entries that were not removed.</returns>
    /// <exception cref="TransferException">It was not moved.</exception>
    public static TransferResult Move(MoveRequest request, TreeMonitor monitor)
    {
        var counters = new TransferCounters();
        using MovePlan plan = MovePlan.Make(request);
        SysResult renamed = MovePlan.Rename(plan.Folder, plan.Name, plan.Place.Folder, plan.Place.Name, plan.Place.Replaces);
        if (renamed.Errno == Errno.EXDEV)
        {
            TransferTrace.Current?.Note($"{plan.Place.Path}: is on another file system, or behind another mount, so '{plan.Source}' is copied and then removed");
            return new CopyAndRemove(request, plan, monitor).Run();
        }

        if (!renamed.Ok)
        {
            throw MoveErrors.Rename(plan.Source, plan.Place.Path, renamed.Errno);
        }

        TransferTrace.Current?.Note($"{plan.Place.Path}: '{plan.Source}' was renamed");
        plan.AddToCreated(plan.Status);
        bool isFolder = plan.Status.Kind == DescriptorKind.Directory;
        return new TransferResult
        {
            Source = plan.Source,
            Destination = plan.Place.Path,
            Status = ItemStatus.Moved,
            Reason = "renamed",
            Length = plan.Status.Kind == DescriptorKind.Regular ? plan.Status.Size : null,
            FileCount = isFolder ? 0 : 1,
            DirectoryCount = isFolder ? 1 : 0,
            Attempts = [],
            SystemCalls = counters.SystemCalls,
            Elapsed = counters.Elapsed,
        };
    }

    /// <summary>Checks a move without making it.</summary>
    /// <param name="request">The source, the destination and the options.</param>
    /// <returns>The planned move.</returns>
    /// <exception cref="TransferException">It would fail.</exception>
    public static MovePreview Preview(MoveRequest request)
    {
        using MovePlan plan = MovePlan.Make(request);
        bool copies = plan.NeedsCopy();
        if (copies)
        {
            plan.ThrowIfNotRemovable();
        }

        return new MovePreview(plan.Place.Path, copies, plan.Place.Replaces);
    }

    /// <summary>Checks a move into a folder that is still missing.</summary>
    /// <param name="source">The item: an absolute path.</param>
    /// <param name="folder">The missing folder: an absolute path.</param>
    /// <returns>True if it would be copied and then removed; false if it would be renamed, or the parent of a folder is missing.</returns>
    public static bool NeedsCopy(string source, string folder)
    {
        int flags = LibC.O_PATH | LibC.O_DIRECTORY;
        SysResult opened = LibC.Open(Path.GetDirectoryName(source.TrimEnd('/')) ?? "/", flags, out SafeFileHandle from);
        using (from)
        {
            SysResult openedAbove = LibC.Open(Path.GetDirectoryName(folder.TrimEnd('/')) ?? "/", flags, out SafeFileHandle above);
            using (above)
            {
                return opened.Ok && openedAbove.Ok && MovePlan.NeedsCopy(from, above);
            }
        }
    }
}

/// <summary>An item to move.</summary>
public sealed record MoveRequest
{
    /// <summary>A file, folder, link or special file: an absolute path. Links are moved as links.</summary>
    public required string Source { get; init; }

    /// <summary>Absolute path of the new name, or of the folder for it.</summary>
    public required string Destination { get; init; }

    /// <summary>True if an existing file is replaced. A folder never is.</summary>
    public bool Replace { get; init; }

    /// <summary>True if a copy to another file system is compared with its source before the source is removed.</summary>
    public bool Verify { get; init; } = true;

    /// <summary>Limit of copies in bytes per second; null for none.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>Number of files of a folder copied at once; 0 for <see cref="DefaultThrottleLimit"/>.</summary>
    public int ThrottleLimit { get; init; }

    /// <summary>More than processors: a copy that is verified mostly waits for the disk.</summary>
    public static int DefaultThrottleLimit => 8;

    /// <summary>Items that earlier moves of the same command put in place, and that are not replaced; null for none.</summary>
    public CreatedFiles? CreatedFiles { get; init; }
}

/// <summary>Preview of a move.</summary>
/// <param name="Path">Path of the item afterwards.</param>
/// <param name="Copies">True if it would be copied and then removed; false if it would be renamed.</param>
/// <param name="Replaces">True if it would replace a file.</param>
public sealed record MovePreview(string Path, bool Copies, bool Replaces);
