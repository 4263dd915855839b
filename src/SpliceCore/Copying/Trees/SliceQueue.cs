using Splice.Descriptors;
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
internal sealed class TreeSlice(TreeFolder folder, DirectoryReader reader = default)
{
    private DirectoryReader _reader = reader;

    public TreeFolder Folder => folder;

    /// <summary>Takes the next entry. False at the end, or where the folder cannot be read.</summary>
    public bool TryTake(out FileName name, out DescriptorKind kind, out SysResult read) =>
        _reader.TryRead(Folder.Source!, out name, out kind, out read);

    /// <summary>Gives half of what has been read to another worker; null where there is no half.</summary>
    public TreeSlice? Split() => _reader.Split() is { } half ? new TreeSlice(Folder, half) : null;
}
