using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying.Trees;

/// <summary>What the workers of one tree share.</summary>
internal sealed class TreeJob(TreeRequest request, int workers, CancellationToken cancellation) : IDisposable
{
    // So many reports may wait for whoever reads them; then the workers wait.
    private const int MostReports = 1000;

    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    private readonly Lazy<long?> _bootTime = new(DataProof.FindBootTime);
    private readonly Lazy<uint> _umask = new(() => OwnUmask.Value);
    private long _openRetries;

    public TreeRequest Request => request;

    public CopyRequest Copy => request.Copy;

    public CancellationToken Cancellation => _stop.Token;

    /// <summary>The folder at the top.</summary>
    public TreeFolder? Root { get; set; }

    /// <summary>The destination at the top, to reach what is below it again.</summary>
    public SafeFileHandle? RootDestination { get; set; }

    public FolderHandles Handles { get; } = new();

    public SliceQueue Slices { get; } = new(workers);

    public HardLinks Links { get; } = new();

    public MetadataLosses Losses { get; } = new();

    /// <summary>How often something had to be opened again.</summary>
    public long OpenRetries => _openRetries;

    /// <summary>Results, errors and warnings, for the thread that started the job.</summary>
    public BlockingCollection<object> Reports { get; } = new(MostReports);

    /// <summary>Tells the thread that started the job; waits where that is far behind.</summary>
    public void Report(object report) => Reports.Add(report, Cancellation);

    /// <summary>The bits that new items do not get.</summary>
    public uint Umask => _umask.Value;

    /// <summary>When the system was started; null where that is not known.</summary>
    public long? BootTime => _bootTime.Value;

    /// <summary>Sends everybody home.</summary>
    public void Stop()
    {
        _stop.Cancel();
        Slices.Stop();
    }

    /// <summary>Opens an entry. Where the process may have no more files open, folders that nobody uses are closed.</summary>
    /// <exception cref="TransferException">It cannot be opened.</exception>
    public SafeFileHandle Open(SafeFileHandle folder, FileName name, int flags, object label, bool isSource)
    {
        Retrier? retrier = null;
        bool wasFull = false;
        while (true)
        {
            SysResult opened = LeasedFile.OpenAt(folder, name, flags, Cancellation, out SafeFileHandle handle);
            if (opened.Ok)
            {
                return handle;
            }

            retrier ??= Retrier.For(Copy.Retry, new TransferMonitor(null, Cancellation), new TransferTally());
            bool isFull = opened.Errno is Errno.EMFILE or Errno.ENFILE;

            // The first time also where nothing was left to close: another thread may just have closed it.
            bool again = isFull
                ? Handles.CloseIdle() || !wasFull
                : retrier?.TriesAgain(opened.Errno) == true;
            wasFull |= isFull;
            if (again)
            {
                Interlocked.Add(ref _openRetries, retrier is null ? 0 : 1);
            }
            else
            {
                throw (opened.Errno, isSource) switch
                {
                    // Not what the listing said, or not what was made: somebody has put something else there.
                    (Errno.ELOOP or Errno.ENOTDIR, true) => TreeErrors.Moved(label.ToString()!),
                    (Errno.ELOOP or Errno.ENOTDIR, false) => TreeErrors.NotAFolder(label.ToString()!),
                    (_, true) => FileFailures.OpenSource(label.ToString()!, opened.Errno),
                    (_, false) => FileFailures.OpenDestination(label.ToString()!, opened.Errno),
                };
            }
        }
    }

    public void Dispose()
    {
        Handles.Dispose();
        RootDestination?.Dispose();
        Reports.Dispose();
        _stop.Dispose();
    }
}

/// <summary>An empty file beside a tree that is being copied with -Resume to a name that was not there. By it the same
/// command knows the next time that the folder there is the copy, and no folder to copy into.</summary>
internal static class TreeMark
{
    private const uint PrivateMode = 0x180; // 0600

    /// <summary>True if a copy of a source to a name has been begun and not ended.</summary>
    /// <param name="folder">The folder of the copy.</param>
    /// <param name="name">The copy's name in it.</param>
    /// <param name="source">The source.</param>
    public static bool IsThere(SafeFileHandle folder, FileName name, FileStatus source) =>
        FileStatus.TryGet(folder, PartialName.OfFolder(name, source), followLink: false, out FileStatus? mark).Ok
        && mark!.Kind == DescriptorKind.Regular && mark.UserId == LibC.EffectiveUserId;

    /// <summary>Says that a copy begins.</summary>
    public static void Make(Place place, FileStatus source)
    {
        SysResult made = LibC.OpenAt(
            place.Folder, PartialName.OfFolder(place.Name, source),
            OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive, PrivateMode, out SafeFileHandle mark);
        mark.Dispose();
        if (!made.Ok && made.Errno != Errno.EEXIST)
        {
            throw FileFailures.OpenDestination(place.Path, made.Errno);
        }
    }

    /// <summary>Says that it is complete.</summary>
    public static void Remove(Place place, FileStatus source) =>
        LibC.UnlinkAt(place.Folder, PartialName.OfFolder(place.Name, source));
}
