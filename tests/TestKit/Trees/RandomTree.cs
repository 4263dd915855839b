using Microsoft.Win32.SafeHandles;

namespace Splice.TestKit.Trees;

/// <summary>A tree of files of all kinds, the same for the same seed.</summary>
internal sealed class RandomTree
{
    private const int DeepestLevel = 6;
    private const int ShorterTarget = 900; // fits wherever links are

    private static readonly uint[] Nodes =
        [FileTypes.Fifo, FileTypes.Socket, FileTypes.CharacterDevice, FileTypes.BlockDevice];

    private readonly Random _random;
    private readonly TreeKinds _kinds;
    private readonly int _most;
    private readonly SafeFileHandle _root;
    private readonly List<ByteString> _files = [];

    private RandomTree(SafeFileHandle root, int seed, TreeKinds kinds, int mostEntries)
    {
        _root = root;
        _random = new Random(seed);
        _kinds = kinds;
        _most = mostEntries;
    }

    /// <summary>How many entries it has, the root not among them.</summary>
    public int Entries { get; private set; }

    /// <summary>The kinds that are in it.</summary>
    public TreeKinds Used { get; private set; }

    /// <summary>Makes a tree in a new folder.</summary>
    /// <param name="folder">The tree's root. It must not exist.</param>
    /// <param name="seed">What decides about everything.</param>
    /// <param name="kinds">What may be in it; null for all that the file system holds and the process may make. For a
    /// copy onto another file system pass what both hold (<see cref="HeldKinds.Of"/>).</param>
    /// <param name="mostEntries">The most entries.</param>
    public static RandomTree Make(string folder, int seed, TreeKinds? kinds = null, int mostEntries = 100)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using SafeFileHandle root = EntryCalls.OpenFolder(folder);
        var tree = new RandomTree(root, seed, kinds ?? HeldKinds.Of(folder), mostEntries);
        tree.FillFolder(root, ByteString.Empty, level: 0);
        tree.Used |= RandomMetadata.Set(root, EntryCalls.Self, FileTypes.Folder, tree._random, tree._kinds);
        return tree;
    }

    private void FillFolder(SafeFileHandle folder, ByteString path, int level)
    {
        var names = new RandomNames(_random, _kinds.HasFlag(TreeKinds.OddNames));
        int count = level == 0 ? _random.Next(10, 30) : _random.Next(10);
        for (int i = 0; i < count && Entries < _most; i++)
        {
            ByteString name = names.Next();
            Entries++;
            MakeEntry(folder, name, path / name, level);
        }

        Used |= _kinds & TreeKinds.OddNames;
    }

    private void MakeEntry(SafeFileHandle folder, ByteString name, ByteString path, int level)
    {
        switch (_random.Next(12))
        {
            case 0 or 1 or 2 when level < DeepestLevel:
                MakeFolder(folder, name, path, level + 1);
                return;
            case 3 or 4 when Uses(TreeKinds.SymbolicLinks):
                EntryCalls.MakeSymbolicLink(folder, name, NextTarget(name));
                Complete(FileTypes.SymbolicLink);
                return;
            case 5 or 6 when _files.Count > 0 && Uses(TreeKinds.HardLinks):
                EntryCalls.MakeHardLink(_root, _files[_random.Next(_files.Count)], folder, name);
                return;
            case 7 when NextNode() is uint type:
                EntryCalls.MakeNode(folder, name, type | 0x180, NextMajor(), NextMinor());
                Complete(type);
                return;
            default:
                using (SafeFileHandle file = EntryCalls.OpenFile(folder, name))
                {
                    Used |= RandomContent.Fill(file, _random, _kinds);
                }

                Complete(FileTypes.Regular);
                return;
        }

        void Complete(uint type)
        {
            Used |= RandomMetadata.Set(folder, name, type, _random, _kinds);
            _files.Add(path);
        }
    }

    private void MakeFolder(SafeFileHandle folder, ByteString name, ByteString path, int level)
    {
        EntryCalls.MakeFolder(folder, name);
        using (SafeFileHandle made = EntryCalls.OpenFolder(folder, name))
        {
            FillFolder(made, path, level);
        }

        Used |= RandomMetadata.Set(folder, name, FileTypes.Folder, _random, _kinds);
    }

    private bool Uses(TreeKinds kind)
    {
        Used |= _kinds & kind;
        return _kinds.HasFlag(kind);
    }

    private uint? NextNode()
    {
        uint type = Nodes[_random.Next(Nodes.Length)];
        TreeKinds kind = type switch
        {
            FileTypes.Fifo => TreeKinds.Fifos,
            FileTypes.Socket => TreeKinds.Sockets,
            _ => TreeKinds.Devices,
        };
        return Uses(kind) ? type : null;
    }

    /// <summary>Of no driver (120 to 127 are for local use), so that who opens the node by mistake reaches no disk.</summary>
    private uint NextMajor() => (uint)_random.Next(120, 128);

    /// <summary>XFS takes 18 bits.</summary>
    private uint NextMinor() => (uint)_random.Next(1 << _random.Next(19));

    private ByteString NextTarget(ByteString name) => _random.Next(9) switch
    {
        0 => name, // itself
        1 => ".",
        2 => "..",
        3 => "/etc/passwd",
        4 => "nothing/here",
        5 => ByteString.Of([0xFF, 0xFE, (byte)'\n', (byte)' ', (byte)'*']),
        6 => NextLongTarget(),
        _ when _files.Count > 0 => ("./" + _files[_random.Next(_files.Count)]).Start(ShorterTarget),
        _ => "name0",
    };

    private ByteString NextLongTarget()
    {
        byte[] target = new byte[Uses(TreeKinds.LongTargets) ? _random.Next(ShorterTarget, 4001) : ShorterTarget];
        Array.Fill(target, (byte)'t');
        return ByteString.Of(target);
    }
}
