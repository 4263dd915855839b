using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Counts a tree beside its copying, so that the time that is left can be told. It begins when the copy has
/// already taken a while, and yields to everything else.</summary>
internal sealed class TreeCount(TreeJob job) : IDisposable
{
    private static readonly TimeSpan WorthIt = TimeSpan.FromSeconds(1);
    private const int DeepestCounted = 200;

    private readonly CancellationTokenSource _stop = new();
    private Thread? _thread;
    private long _files;
    private long _bytes;
    private volatile bool _done;

    /// <summary>The files; null until all are counted.</summary>
    public long? Files => _done ? _files : null;

    /// <summary>Their bytes; null until all are counted.</summary>
    public long? Bytes => _done ? _bytes : null;

    /// <summary>Starts counting where the copy has taken so long.</summary>
    public void StartAfter(TimeSpan elapsed)
    {
        if (_thread is not null || elapsed < WorthIt)
        {
            return;
        }

        var thread = new Thread(Run) { IsBackground = true, Name = "Splice count" };
        try
        {
            thread.Start();
            _thread = thread;
        }
        catch (OutOfMemoryException)
        {
            // The user's threads are limited: perhaps there is one left next time.
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _thread?.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        LibC.YieldToOthers();
        int flags = FolderHandles.FolderFlags | OpenFlags.Directory | (job.Request.FollowSymlink ? 0 : OpenFlags.NoFollow);
        SysResult opened = LibC.Open(job.Copy.Source, flags, out SafeFileHandle root);
        _done = opened.Ok && Count(root, depth: 0);
    }

    /// <summary>Counts a folder and closes it. False: it cannot be counted, or need not any more.</summary>
    private bool Count(SafeFileHandle folder, int depth)
    {
        using SafeFileHandle _ = folder;
        var buffer = new byte[32 * 1024];
        while (true)
        {
            SysResult read = LibC.GetDirectoryEntries(folder, buffer);
            if (read.Value <= 0)
            {
                return read.Ok;
            }

            var listing = new DirectoryListing(buffer.AsMemory(0, (int)read.Value));
            while (listing.TryTake(out FileName name, out int type))
            {
                if (_stop.IsCancellationRequested || !CountEntry(folder, name, (DescriptorKind)type, depth))
                {
                    return false;
                }
            }
        }
    }

    private bool CountEntry(SafeFileHandle folder, FileName name, DescriptorKind kind, int depth)
    {
        FileStatus? status = null;
        bool looks = kind is DescriptorKind.Regular or DescriptorKind.Other
            || (kind == DescriptorKind.SymbolicLink && job.Request.FollowSymlink);
        if (looks && FileStatus.TryGet(folder, name, job.Request.FollowSymlink, out status).Ok)
        {
            kind = status!.Kind;
        }

        if (kind == DescriptorKind.Directory)
        {
            int flags = FolderHandles.FolderFlags | OpenFlags.NoFollow;
            return depth < DeepestCounted
                && LibC.OpenAt(folder, name, flags | OpenFlags.Directory, 0, out SafeFileHandle inner).Ok
                && Count(inner, depth + 1);
        }

        if (job.Request.Includes?.Invoke(name.ToString()) != false)
        {
            _files++;
            // What cannot be looked at, or is gone by now, will not be copied either.
            _bytes += status is { Kind: DescriptorKind.Regular } ? status.Size : 0;
        }

        return true;
    }
}
