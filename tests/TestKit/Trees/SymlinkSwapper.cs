using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.TestKit.Trees;

/// <summary>Swaps entries of a tree with others, on a thread of its own and as fast as it can, each time in one step:
/// at no moment is a name missing. What it has swapped is back when it is disposed of.</summary>
internal sealed class SymlinkSwapper : IDisposable
{

    private readonly SafeFileHandle _root;
    private readonly SafeFileHandle _store;
    private readonly List<Swap> _swaps = [];
    private readonly HashSet<ByteString> _paths = [];
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;
    private volatile bool _stopping;
    private long _count;

    /// <param name="tree">The tree's root, which is not swapped itself.</param>
    /// <param name="store">Where the links wait while they are not in the tree: a new folder on the tree's file system.</param>
    public SymlinkSwapper(string tree, string store)
    {
        _root = EntryCalls.OpenFolder(tree);
        Directory.CreateDirectory(store);
        _store = EntryCalls.OpenFolder(store);
        _thread = new Thread(Run) { IsBackground = true };
    }

    /// <summary>How many swaps have been done.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Swaps an entry with a symbolic link. It may come into being later.</summary>
    /// <param name="path">A folder or a file in the tree.</param>
    /// <param name="target">Where the link leads: out of the tree.</param>
    public SymlinkSwapper WithLink(ByteString path, string target)
    {
        ByteString name = $"link{_swaps.Count}";
        EntryCalls.MakeSymbolicLink(_store, name, target);
        return With(new Swap(NewLocation(path), new Location(_store, name)));
    }

    /// <summary>Swaps two entries of the tree with each other.</summary>
    public SymlinkSwapper WithEachOther(ByteString path, ByteString otherPath) =>
        With(new Swap(NewLocation(path), NewLocation(otherPath)));

    public SymlinkSwapper Start()
    {
        _thread.Start();
        return this;
    }

    /// <summary>Returns after some more swaps.</summary>
    public void WaitFor(long swaps)
    {
        long end = Count + swaps;
        Wait.Until(() => Count >= end || _failure is not null, "Nothing is swapped.");
        _failure?.Throw();
    }

    /// <summary>Stops, and puts back what is not in its place.</summary>
    public void Dispose()
    {
        _stopping = true;
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        foreach (Swap swap in Enumerable.Reverse(_swaps))
        {
            swap.PutBack();
        }

        _root.Dispose();
        _store.Dispose();
        _failure?.Throw();
    }

    private SymlinkSwapper With(Swap swap)
    {
        _swaps.Add(swap);
        return this;
    }

    /// <summary>A path takes part in one swap only: several would not come back to where they were.</summary>
    private Location NewLocation(ByteString path) => _paths.Add(path)
        ? new Location(_root, path)
        : throw new ArgumentException($"{path} is swapped already", nameof(path));

    private void Run()
    {
        try
        {
            while (!_stopping)
            {
                foreach (Swap swap in _swaps.Where(swap => swap.Try()))
                {
                    Interlocked.Increment(ref _count);
                }
            }
        }
        catch (Exception exception)
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
    }

    /// <summary>A name in a folder that is open from when it is first there: were it looked up again each time, a link
    /// above it would lead the swap itself out of the tree.</summary>
    private sealed class Location : IDisposable
    {
        private readonly SafeFileHandle _root;
        private readonly ByteString[] _parts;
        private SafeFileHandle? _folder;

        public Location(SafeFileHandle root, ByteString path)
        {
            _root = root;
            _parts = [.. path.Parts];
            _folder = TryOpen();
        }

        public ByteString Name => _parts[^1];

        public SafeFileHandle? Folder => _folder ??= TryOpen();

        public void Dispose() => _folder?.Dispose();

        private SafeFileHandle? TryOpen()
        {
            SafeFileHandle folder = EntryCalls.OpenFolder(_root, EntryCalls.Self);
            foreach (ByteString part in _parts[..^1])
            {
                using SafeFileHandle upper = folder;
                try
                {
                    folder = EntryCalls.OpenFolder(upper, part);
                }
                catch (CallFailedException failure) when (failure.Errno is Errno.ENOENT or Errno.ELOOP or Errno.ENOTDIR)
                {
                    return null;
                }
            }

            return folder;
        }
    }

    private sealed class Swap(Location one, Location other)
    {
        private bool _isSwapped;

        public bool Try()
        {
            bool done = one.Folder is SafeFileHandle folder && other.Folder is SafeFileHandle otherFolder
                && EntryCalls.TryExchange(folder, one.Name, otherFolder, other.Name);
            _isSwapped ^= done;
            return done;
        }

        public void PutBack()
        {
            if (_isSwapped)
            {
                Try();
            }

            one.Dispose();
            other.Dispose();
        }
    }
}
