using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.Copying.Trees;

public sealed class DeepTreeTests : IDisposable
{
    private const int Levels = 10_000;

    /// <summary>In memory where that can be: it is the depth that counts.</summary>
    private readonly Workspace _workspace = Workspace.InMemory();

    [Fact]
    public void A_chain_is_made_and_listed_and_removed()
    {
        DeepTree.Make(_workspace["chain"], Levels);
        TreeListing listing = DeepTree.List(_workspace["chain"]);
        TreeEntry[] files = [.. listing.Entries.Values.Where(entry => entry.Type == FileTypes.Regular)];

        Assert.Equal(11, files.Length);
        Assert.Equal(11, files.Select(file => file.Hash).Distinct().Count());
        Assert.Equal(Levels + 1 + files.Length, listing.Entries.Count);
        Assert.Equal(FileTypes.Regular, listing.Entries["10000/file"].Type);

        DeepTree.Remove(_workspace["chain"]);
        Assert.Empty(_workspace.Names);
    }

    [Fact]
    public void Its_path_is_too_long_for_a_path()
    {
        DeepTree.Make(_workspace["chain"], Levels);

        Assert.Throws<PathTooLongException>(
            () => File.ReadAllBytes(_workspace["chain"] + string.Concat(Enumerable.Repeat("/d", Levels)) + "/file"));
    }

    [Fact]
    public void Two_chains_are_the_same_until_a_file_far_below_differs()
    {
        const TreeAspects Aspects = TreeAspects.Copied & ~TreeAspects.ModificationTime;
        DeepTree.Make(_workspace["chain"], Levels);
        DeepTree.Make(_workspace["other"], Levels);
        TreeListing chain = DeepTree.List(_workspace["chain"]);
        Assert.Empty(chain.DifferencesTo(DeepTree.List(_workspace["other"]), Aspects));

        SafeFileHandle folder = EntryCalls.OpenFolder(_workspace["other"]);
        for (int level = 0; level < 9000; level++)
        {
            using SafeFileHandle upper = folder;
            folder = EntryCalls.OpenFolder(upper, "d");
        }

        using (folder)
        {
            EntryCalls.ChangeMode(folder, "file", 0x1FF);
        }

        Assert.StartsWith(
            "09000/file: mode",
            Assert.Single(chain.DifferencesTo(DeepTree.List(_workspace["other"]), Aspects)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_workspace_removes_what_a_test_left()
    {
        string root;
        using (var workspace = Workspace.InMemory())
        {
            root = workspace.Folder;
            DeepTree.Make(workspace["chain"], Levels);
        }

        Assert.False(Directory.Exists(root));
    }

    public void Dispose() => _workspace.Dispose();
}
