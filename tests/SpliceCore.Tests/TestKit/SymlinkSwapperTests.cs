using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.TestKit;

/// <summary>The canary and the swapper catch a copy that goes by paths, and nothing else.</summary>
public sealed class SymlinkSwapperTests : IDisposable
{
    private const long MostSwaps = 10_000_000; // a copy by paths is caught within some thousands to 200,000

    private static readonly byte[] Content = Workspace.RandomBytes(5000);

    private readonly Workspace _workspace = new();
    private readonly Canary _canary;
    private readonly ITestOutputHelper _output;

    public SymlinkSwapperTests(ITestOutputHelper output)
    {
        _output = output;
        foreach (string folder in new[] { "source/inner", "source/other", "source/third", "copy/inner" })
        {
            Directory.CreateDirectory(_workspace[folder]);
        }

        foreach (string file in new[] { "source/inner/file", "source/inner/second", "source/other/file", "source/top" })
        {
            _workspace.Write(file, Content);
        }

        _canary = Canary.Make(_workspace["outside"], _workspace["source"]);
    }

    [Fact]
    public void Nothing_is_flagged_when_nobody_copies_and_all_is_back_in_its_place()
    {
        TreeListing before = TreeListing.Of(_workspace["source"]);
        long swaps;
        using (SymlinkSwapper swapper = SwapAll())
        {
            swapper.WaitFor(10_001);
            swaps = swapper.Count;
        }

        Assert.InRange(swaps, 10_001, long.MaxValue);
        Assert.Empty(_canary.Changes());
        Assert.Empty(Canary.TracesIn(_workspace["source"]));

        // A rename is a change of the folders above.
        before.AssertSame(TreeListing.Of(_workspace["source"]), TreeAspects.Copied & ~TreeAspects.ModificationTime);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_copy_by_path_is_caught_reading_outside(bool looksFirst)
    {
        using (SymlinkSwapper swapper = new SymlinkSwapper(_workspace["source"], _workspace["store"])
            .WithLink("inner", Path.Combine(_canary.Folder, "inner")).Start())
        {
            CopyUntil(swapper, () => Canary.TracesIn(_workspace["copy"]).Count > 0, looksFirst);
        }

        Assert.Contains("inner/file: content", Canary.TracesIn(_workspace["copy"]));
    }

    [Fact]
    public void A_copy_by_path_is_caught_reading_an_outside_file()
    {
        using (SymlinkSwapper swapper = new SymlinkSwapper(_workspace["source"], _workspace["store"])
            .WithLink("inner/file", Path.Combine(_canary.Folder, "inner/file")).Start())
        {
            CopyUntil(swapper, () => Canary.TracesIn(_workspace["copy"]).Count > 0, looksFirst: true);
        }

        Assert.Contains("inner/file: content", Canary.TracesIn(_workspace["copy"]));
    }

    [Fact]
    public void A_copy_by_path_is_caught_writing_outside()
    {
        using (SymlinkSwapper swapper = new SymlinkSwapper(_workspace["copy"], _workspace["store"])
            .WithLink("inner", Path.Combine(_canary.Folder, "inner")).Start())
        {
            CopyUntil(swapper, () => _canary.Changes().Count > 0, looksFirst: true);
        }

        Assert.Contains(_canary.Changes(), change => change.StartsWith("inner/file: content", StringComparison.Ordinal));
    }

    [Fact]
    public void A_look_at_outside_is_noted()
    {
        AccessTimes.Require(_canary.Folder);
        Directory.GetFiles(Path.Combine(_canary.Folder, "inner"));
        File.ReadAllBytes(Path.Combine(_canary.Folder, "top"));

        Assert.Collection(
            _canary.Changes(),
            change => Assert.StartsWith("inner: read", change, StringComparison.Ordinal),
            change => Assert.StartsWith("top: read", change, StringComparison.Ordinal));
    }

    [Fact]
    public void A_copy_by_descriptors_is_not_flagged()
    {
        int refused = 0;
        int copied = 0;
        using (SymlinkSwapper swapper = SwapAll())
        {
            using SafeFileHandle source = EntryCalls.OpenFolder(_workspace["source"]);
            using SafeFileHandle copy = EntryCalls.OpenFolder(_workspace["copy"]);
            while ((refused == 0 || copied < 100) && swapper.Count < MostSwaps)
            {
                try
                {
                    using SafeFileHandle from = EntryCalls.OpenFolder(source, "inner");
                    using SafeFileHandle to = EntryCalls.OpenFolder(copy, "inner");
                    EntryCalls.WriteFile(to, "file", EntryCalls.ReadFile(from, "file"));
                    copied++;
                }
                catch (CallFailedException)
                {
                    refused++;
                }
            }
        }

        Assert.True(refused > 0 && copied >= 100, $"{refused} refused, {copied} copied");
        Assert.Empty(_canary.Changes());
        Assert.Empty(Canary.TracesIn(_workspace["copy"]));
    }

    [Theory]
    [InlineData("inner/file", "content")]
    [InlineData("inner/file", "time")]
    [InlineData("inner/file", "attribute")]
    [InlineData("inner/file", "owner")]
    public void Each_mark_is_known_again(string file, string mark)
    {
        Assert.SkipUnless(mark != "owner" || Posix.IsRoot, "only root gives files away");
        string[] keep = mark switch
        {
            "time" => ["-p"],
            "attribute" => ["--preserve=xattr"],
            "owner" => ["--preserve=ownership"],
            _ => [],
        };
        Command.Check("cp", [.. keep, Path.Combine(_canary.Folder, file), _workspace["copy/new"]]);

        Assert.Contains($"new: {mark}", Canary.TracesIn(_workspace["copy"]));
    }

    [Fact]
    public void What_comes_into_being_later_is_swapped_too()
    {
        using SymlinkSwapper swapper = new SymlinkSwapper(_workspace["copy"], _workspace["store"])
            .WithLink("inner/later/file", Path.Combine(_canary.Folder, "inner/file")).Start();
        Assert.Equal(0, swapper.Count);
        Directory.CreateDirectory(_workspace["copy/inner/later"]);
        _workspace.Write("copy/inner/later/file", Content);

        swapper.WaitFor(100);
    }

    public void Dispose() => _workspace.Dispose();

    private SymlinkSwapper SwapAll() => new SymlinkSwapper(_workspace["source"], _workspace["store"])
        .WithLink("inner", Path.Combine(_canary.Folder, "inner"))
        .WithLink("inner/second", Path.Combine(_canary.Folder, "inner/second"))
        .WithLink("top", Path.Combine(_canary.Folder, "top"))
        .WithEachOther("other", "third")
        .Start();

    /// <summary>Copies by paths, as who knows nothing of links, or as who has looked whether there are any.</summary>
    private void CopyUntil(SymlinkSwapper swapper, Func<bool> isCaught, bool looksFirst)
    {
        do
        {
            try
            {
                if (!looksFirst || !new[] { "source/inner", "source/inner/file", "copy/inner" }.Any(IsLink))
                {
                    File.Copy(_workspace["source/inner/file"], _workspace["copy/inner/file"], overwrite: true);
                }
            }
            catch (IOException)
            {
                // It was swapped in the middle.
            }
        }
        while (!isCaught() && swapper.Count < MostSwaps);

        _output.WriteLine($"{swapper.Count} swaps");
    }

    private bool IsLink(string path) => new FileInfo(_workspace[path]).LinkTarget is not null;
}
