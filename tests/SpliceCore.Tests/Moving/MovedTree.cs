using Xunit;

namespace Splice.Tests.Moving;

/// <summary>A tree that is moved from memory to a disk under faults and kills. However a move ends, the source or the destination is
/// whole, by the hashes of all files, and no part of a tree has the name of the destination.</summary>
internal sealed class MovedTree : IDisposable
{
    private readonly Workspace _from = Workspace.InMemory();
    private readonly Workspace _to = new();
    private readonly TreeListing _tree;

    public MovedTree(Action<Workspace> make)
    {
        Directory.CreateDirectory(_from["model"]);
        make(_from);
        _tree = TreeListing.Of(_from["model"], sync: false);
    }

    public MoveRequest Request => new() { Source = _from["tree"], Destination = _to["tree"], ThrottleLimit = 1 };

    public bool IsInPlace => Directory.Exists(_to["tree"]);

    public bool IsBegun => Left > 0;

    /// <summary>Number of items in the folder that receives the tree.</summary>
    public int Left => _to.Names.Length;

    /// <summary>A small tree of all kinds.</summary>
    public static void MakeSmall(Workspace folder)
    {
        Directory.CreateDirectory(folder["model/a/deep"]);
        foreach (string name in new[] { "model/file", "model/a/file", "model/a/deep/file" })
        {
            folder.WriteRandom(name, 20_000, seed: name.Length);
        }

        Files.WriteSparse(folder["model/sparse"], 500_000, (100_000, 1000));
        folder.Write("model/empty", []);
        File.CreateSymbolicLink(folder["model/a/link"], "file");
        Posix.MakeFifo(folder["model/a/fifo"]);
        Posix.HardLink(folder, "model/file", "model/a/hard");
    }

    /// <summary>Has the tree at the source again, and nothing at the destination.</summary>
    public void Reset()
    {
        Command.Check("rm", ["-rf", _from["tree"], .. _to.Paths]);
        Command.Check("cp", "-a", _from["model"], _from["tree"]);
    }

    /// <summary>The promise.</summary>
    /// <param name="answer">What the move answered; null if it was killed.</param>
    public void Judge(TreeAnswer? answer, string where)
    {
        // Where the system forbids a hard link (EPERM), there is a warning, and two files.
        bool hasLinks = answer?.Warnings.Any(warning => warning.Contains("the hard link", StringComparison.Ordinal)) != true;
        bool isSourceWhole = IsWhole(_from["tree"], hasLinks);
        bool isDestinationWhole = IsWhole(_to["tree"], hasLinks);

        Assert.True(isSourceWhole || isDestinationWhole, $"{where}: neither side is whole. {answer}");
        Assert.True(isDestinationWhole || !IsInPlace, $"{where}: a part of the tree has its name. {answer}");
        Assert.True(_to.Names.All(name => name == "tree" || (name.StartsWith(".splice-", StringComparison.Ordinal) && name.EndsWith(".move", StringComparison.Ordinal))), string.Join(' ', _to.Names));
        if (answer?.Error is null && answer is not null)
        {
            Assert.True(isDestinationWhole, $"{where}: no error, and the destination is not whole");
            Assert.True(answer.Errors.Length > 0 != !Directory.Exists(_from["tree"]), $"{where}: {answer}");
        }
        else if (answer is not null && !isDestinationWhole)
        {
            Assert.True(isSourceWhole, $"{where}: {answer}");
        }
    }

    public void Dispose()
    {
        _from.Dispose();
        _to.Dispose();
    }

    private bool IsWhole(string root, bool hasLinks) => Directory.Exists(root)
        && _tree.DifferencesTo(TreeListing.Of(root, sync: false), hasLinks ? TreeAspects.HardLinks : TreeAspects.None).Count == 0;
}
