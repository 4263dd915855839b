using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

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

/// <summary>What one worker has done. Others may look at the counts meanwhile.</summary>
internal sealed class TreeSums
{
    private readonly long[] _bytesByMethod = new long[(int)TransferMethod.ReadWrite + 1];

    public long Files { get; set; }

    public long Folders { get; set; }

    public long Unchanged { get; set; }

    public long Failed { get; set; }

    public long BytesMoved { get; private set; }

    public long BytesReflinked { get; private set; }

    public long BytesInHoles { get; private set; }

    public long SystemCalls { get; set; }

    public long Retries { get; private set; }

    /// <summary>The bytes of the file that is under way.</summary>
    public long BytesUnderWay { get; set; }

    public long BytesCopied => BytesMoved + BytesReflinked + BytesInHoles;

    public void Add(TransferTally tally)
    {
        BytesMoved += tally.BytesMoved;
        BytesReflinked += tally.BytesReflinked;
        BytesInHoles += tally.BytesInHoles;
        Retries += tally.Retries;
        for (int i = 0; i < _bytesByMethod.Length; i++)
        {
            _bytesByMethod[i] += tally.BytesBy((TransferMethod)i);
        }

        BytesUnderWay = 0;
    }

    public void Add(TreeSums other)
    {
        Files += other.Files;
        Folders += other.Folders;
        Unchanged += other.Unchanged;
        Failed += other.Failed;
        BytesMoved += other.BytesMoved;
        BytesReflinked += other.BytesReflinked;
        BytesInHoles += other.BytesInHoles;
        SystemCalls += other.SystemCalls;
        Retries += other.Retries;
        for (int i = 0; i < _bytesByMethod.Length; i++)
        {
            _bytesByMethod[i] += other._bytesByMethod[i];
        }
    }

    /// <summary>The method that moved the most; null where none had to.</summary>
    public TransferMethod? MainMethod
    {
        get
        {
            int main = Array.IndexOf(_bytesByMethod, _bytesByMethod.Max());
            return _bytesByMethod[main] == 0 ? null : (TransferMethod)main;
        }
    }
}
