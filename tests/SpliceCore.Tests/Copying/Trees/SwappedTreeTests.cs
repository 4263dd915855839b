using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>Somebody puts links and other folders in the place of what is being copied, in the source and in the
/// destination, as fast as he can: nothing outside is touched or read, and each entry that fails has its error.</summary>
public sealed class SwappedTreeTests : IDisposable
{
    private const int Levels = 150; // more than are kept open

    private static readonly int Swaps = FullRun.Count(everyday: 2_000, full: 10_000); // of each tree
    private static readonly int Copies = FullRun.Count(everyday: 10, full: 40);

    private readonly Workspace _workspace = Workspace.InMemory();
    private readonly ITestOutputHelper _output;

    public SwappedTreeTests(ITestOutputHelper output) => _output = output;

    public void Dispose() => _workspace.Dispose();

    [Theory]
    [InlineData(1, PreserveAttributes.All)]
    [InlineData(2, PreserveAttributes.All)]
    [InlineData(8, PreserveAttributes.All)]
    [InlineData(8, PreserveAttributes.Mode | PreserveAttributes.Timestamps)]
    public void Nothing_outside_is_touched_or_read(int threads, PreserveAttributes preserve)
    {
        MakeTree("source");
        MakeTree("copy");
        var canary = Canary.Make(_workspace["outside"], _workspace["source"]);

        CopyAgainAndAgain(canary, threads, preserve, ["one", "two/inner", "two/file", "file"], [("three", "four"), ("two/link", "two/other")]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Nor_where_folders_are_closed_and_opened_again(int threads)
    {
        foreach (string root in new[] { "source", "copy" })
        {
            string path = root;
            for (int level = 0; level < Levels; level++)
            {
                path += "/d";
                Directory.CreateDirectory(_workspace[path]);
                _workspace.Write($"{path}/file", [1, 2, 3]);
                _workspace.Write($"{path}/x", [1]);
            }
        }

        var canary = Canary.Make(_workspace["outside"], _workspace["source"]);

        CopyAgainAndAgain(canary, threads, PreserveAttributes.All, [Down(10), Down(40) + "/file", Down(100)], [(Down(20), "other")]);

        static string Down(int levels) => string.Join('/', Enumerable.Repeat("d", levels));
    }

    private void CopyAgainAndAgain(
        Canary canary, int threads, PreserveAttributes preserve, string[] links, (string One, string Other)[] pairs)
    {
        int copies = 0;
        var failed = new Dictionary<TransferErrorId, int>();
        long swaps;
        using (SymlinkSwapper source = Swap("source", canary, links, pairs))
        using (SymlinkSwapper target = Swap("copy", canary, links, pairs))
        {
            do
            {
                // What is in the one goes into the other.
                (_, List<TransferException> errors) = TreeCopies.CopyWithErrors(
                    TreeCopies.Request(_workspace["source/."], _workspace["copy"], preserve) with { ThrottleLimit = threads });
                copies++;
                foreach (TransferException error in errors)
                {
                    failed[error.Id] = failed.GetValueOrDefault(error.Id) + 1;
                    Assert.StartsWith(_workspace.Folder, error.Target!, StringComparison.Ordinal);
                }
            }
            while (copies < Copies || source.Count < Swaps || target.Count < Swaps);
            swaps = source.Count + target.Count;
        }

        _output.WriteLine(
            $"{swaps} swaps, {copies} copies, failed: {string.Join(", ", failed.Select(error => $"{error.Value} {error.Key}"))}");
        Assert.Empty(canary.Changes());
        Assert.Empty(Canary.TracesIn(_workspace["copy"]));
        Assert.DoesNotContain(
            TreeListing.Of(_workspace["copy"], sync: false).Entries.Keys, path => path.ToString().Contains(".splice-", StringComparison.Ordinal));
    }

    private SymlinkSwapper Swap(string root, Canary canary, string[] links, (string One, string Other)[] pairs)
    {
        var swapper = new SymlinkSwapper(_workspace[root], _workspace[root + "-store"]);
        foreach (string link in links)
        {
            swapper.WithLink(link, Path.Combine(canary.Folder, link));
        }

        foreach ((string one, string other) in pairs)
        {
            swapper.WithEachOther(one, other);
        }

        return swapper.Start();
    }

    private void MakeTree(string root)
    {
        foreach (string folder in new[] { "one", "one/deep", "two/inner", "two/other", "two/link", "three", "four/five" })
        {
            Directory.CreateDirectory(_workspace[$"{root}/{folder}"]);
            for (int i = 0; i < 20; i++)
            {
                _workspace.WriteRandom($"{root}/{folder}/file{i}", 5000, seed: i);
            }
        }

        _workspace.WriteRandom($"{root}/file", 5000);
        _workspace.WriteRandom($"{root}/two/file", 5000);
        File.CreateSymbolicLink(_workspace[$"{root}/one/symlink"], "../file");
        Posix.HardLink(_workspace, $"{root}/file", $"{root}/one/hard");
    }
}
