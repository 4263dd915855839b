using System.Buffers;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Work that one worker has to spare for another. All is done when every worker waits.</summary>
internal sealed class SliceQueue(int workers)
{
    private readonly object _lock = new();
    private int _workers = workers;
    private readonly Queue<TreeSlice> _slices = new();
    private int _waiting;
    private bool _done;
    private volatile bool _wanted;

    /// <summary>True if somebody waits for work.</summary>
    public bool IsWanted => _wanted;

    public void Add(TreeSlice slice)
    {
        lock (_lock)
        {
            _slices.Enqueue(slice);
            _wanted = _waiting > _slices.Count;
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Takes work, or waits for some; null when there will be none any more.</summary>
    public TreeSlice? Take()
    {
        lock (_lock)
        {
            _waiting++;
            while (_slices.Count == 0 && !_done)
            {
                if (_waiting == _workers)
                {
                    Stop();
                    break;
                }

                _wanted = true;
                Monitor.Wait(_lock);
            }

            _waiting--;
            bool found = _slices.TryDequeue(out TreeSlice? slice);
            _wanted = _waiting > _slices.Count;
            return found && !_done ? slice : null;
        }
    }

    /// <summary>Says that there is a worker less.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            _workers--;
            if (_waiting == _workers && _slices.Count == 0)
            {
                Stop();
            }
        }
    }

    /// <summary>Sends everybody home.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _done = true;
            Monitor.PulseAll(_lock);
        }
    }
}

/// <summary>Entries of a folder that one worker takes one by one. Part of them can be given to another worker.</summary>
internal sealed class TreeSlice
{
    private const int BufferSize = 64 * 1024;

    private readonly bool _readsOn;
    private DirectoryListing _listing;

    /// <param name="folder">A folder of which nothing has been read yet.</param>
    public TreeSlice(TreeFolder folder)
    {
        Folder = folder;
        _readsOn = true;
    }

    private TreeSlice(TreeFolder folder, DirectoryListing listing)
    {
        Folder = folder;
        _listing = listing;
    }

    public TreeFolder Folder { get; }

    /// <summary>Takes the next entry. False at the end, or where the folder cannot be read.</summary>
    public bool TryTake(out FileName name, out int type, out SysResult read)
    {
        read = default;
        while (!_listing.TryTake(out name, out type))
        {
            if (!_readsOn || !Fill(out read))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Gives half of what has been read to another worker; null where there is no half.</summary>
    public TreeSlice? Split() => _listing.Split() is { } half ? new TreeSlice(Folder, half) : null;

    private bool Fill(out SysResult read)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        read = LibC.GetDirectoryEntries(Folder.Source!, buffer);

        // As many bytes as there are: a folder waits for those in it, and there may be thousands one in the other.
        _listing = new DirectoryListing(buffer.AsSpan(0, (int)Math.Max(read.Value, 0)).ToArray());
        ArrayPool<byte>.Shared.Return(buffer);
        return !_listing.IsEmpty;
    }
}
