using Xunit;

namespace Splice.Tests.Copying;

[Collection(SerialCollection.Name)]
public sealed class CopyQueueTests : IDisposable
{
    private readonly Workspace _folder = Workspace.InMemory();

    public CopyQueueTests()
    {
        Directory.CreateDirectory(_folder["source"]);
        Directory.CreateDirectory(_folder["copy"]);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(16)]
    public void Outcomes_come_in_the_order_of_the_files(int threads)
    {
        const int Files = 1000;
        for (int i = 0; i < Files; i++)
        {
            _folder.WriteRandom($"source/{i}", i % 50 == 0 ? 500_000 : 100, seed: i);
        }

        List<CopyOutcome> outcomes = [];
        using (var queue = new CopyQueue(threads, CancellationToken.None))
        {
            for (int i = 0; i < Files; i++)
            {
                // One of ten is not there.
                Assert.True(queue.TryAdd(Request(i % 10 == 3 ? $"none{i}" : $"{i}")));
                while (queue.TryTake(TimeSpan.Zero) is { } outcome)
                {
                    outcomes.Add(outcome);
                }
            }

            outcomes.AddRange(TakeAll(queue));
            Assert.Null(queue.Next);
        }

        Assert.Equal(Enumerable.Range(0, Files).Select(i => Request(i % 10 == 3 ? $"none{i}" : $"{i}").Source), outcomes.Select(outcome => outcome.Request.Source));
        for (int i = 0; i < Files; i++)
        {
            Assert.Equal(i % 10 == 3 ? TransferErrorId.SourceNotFound : null, outcomes[i].Error?.Id);
            Assert.Equal(i % 10 == 3, outcomes[i].Result is null);
        }

        Assert.Equal(Files * 9 / 10, Directory.GetFiles(_folder["copy"]).Length);
        Assert.All(Directory.GetFiles(_folder["copy"]), copy =>
            Assert.Equal(File.ReadAllBytes(_folder["source/" + Path.GetFileName(copy)]), File.ReadAllBytes(copy)));
    }

    [Fact]
    public void A_name_that_comes_again_waits_and_does_not_replace_the_first()
    {
        Directory.CreateDirectory(_folder["other"]);
        _folder.WriteRandom("source/name", 1_000_000, seed: 1);
        _folder.WriteRandom("other/name", 1000, seed: 2);
        using var queue = new CopyQueue(4, CancellationToken.None);
        var created = new CreatedFiles();
        CopyRequest second = Request("name") with { Source = _folder["other/name"], CreatedFiles = created };

        Assert.True(queue.TryAdd(Request("name") with { CreatedFiles = created }));
        Assert.False(queue.TryAdd(second));
        Assert.Null(Assert.Single(TakeAll(queue)).Error);
        Assert.True(queue.TryAdd(second));

        Assert.Equal(TransferErrorId.DestinationExists, Assert.Single(TakeAll(queue)).Error!.Id);
        Assert.Equal(Workspace.RandomBytes(1_000_000, seed: 1), File.ReadAllBytes(_folder["copy/name"]));
    }

    [Fact]
    public void A_name_that_comes_again_is_appended_to_the_first_on_request()
    {
        _folder.Write("source/name", [1]);
        using var queue = new CopyQueue(2, CancellationToken.None);
        CopyRequest request = Request("name") with { Append = true, CreatedFiles = new CreatedFiles() };

        Assert.True(queue.TryAdd(request));
        Assert.Null(Assert.Single(TakeAll(queue)).Error);
        Assert.True(queue.TryAdd(request));

        Assert.Null(Assert.Single(TakeAll(queue)).Error);
        Assert.Equal([1, 1], File.ReadAllBytes(_folder["copy/name"]));
    }

    [Fact]
    public void What_came_into_an_empty_folder_meanwhile_stays()
    {
        _folder.WriteRandom("source/one", 1000);
        _folder.WriteRandom("source/two", 1000);
        using var queue = new CopyQueue(4, CancellationToken.None);
        var created = new CreatedFiles();
        Assert.True(queue.TryAdd(Request("one") with { CreatedFiles = created }));
        Assert.Null(Assert.Single(TakeAll(queue)).Error);
        _folder.WriteRandom("copy/two", 10, seed: 7);

        Assert.True(queue.TryAdd(Request("two") with { CreatedFiles = created }));

        Assert.Equal(TransferErrorId.DestinationExists, Assert.Single(TakeAll(queue)).Error!.Id);
        Assert.Equal(Workspace.RandomBytes(10, seed: 7), File.ReadAllBytes(_folder["copy/two"]));
        Assert.Equal(["one", "two"], Directory.GetFileSystemEntries(_folder["copy"]).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("copy/../copy")]
    [InlineData("copy/name")]
    public void The_first_of_two_sources_stays_by_whatever_path_the_second_comes(string destination)
    {
        Directory.CreateDirectory(_folder["other"]);
        _folder.WriteRandom("source/name", 1000, seed: 1);
        _folder.WriteRandom("other/name", 1000, seed: 2);
        using var queue = new CopyQueue(4, CancellationToken.None);
        var created = new CreatedFiles();
        Assert.True(queue.TryAdd(Request("name") with { CreatedFiles = created }));
        Assert.Null(Assert.Single(TakeAll(queue)).Error);

        Assert.True(queue.TryAdd(new CopyRequest
        {
            Source = _folder["other/name"],
            Destination = _folder[destination],
            CreatedFiles = created,
        }));

        Assert.Equal(TransferErrorId.DestinationExists, Assert.Single(TakeAll(queue)).Error!.Id);
        Assert.Equal(Workspace.RandomBytes(1000, seed: 1), File.ReadAllBytes(_folder["copy/name"]));
    }

    [Fact]
    public void Another_destination_waits_for_the_files_before_it()
    {
        _folder.WriteRandom("source/one", 1000);
        using var queue = new CopyQueue(4, CancellationToken.None);
        CopyRequest elsewhere = Request("one") with { Destination = _folder["copy/as-file"] };

        Assert.True(queue.TryAdd(Request("one")));
        Assert.False(queue.TryAdd(elsewhere));
        Assert.Single(TakeAll(queue));
        Assert.True(queue.TryAdd(elsewhere));
        Assert.False(queue.TryAdd(elsewhere with { Source = _folder["source/two"] }));
        Assert.Null(Assert.Single(TakeAll(queue)).Error);
        Assert.Equal(["as-file", "one"], Directory.GetFiles(_folder["copy"]).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("link-to-folder", null)]
    [InlineData("missing/inner", TransferErrorId.DestinationFolderNotFound)]
    [InlineData("link-to-nothing/inner", TransferErrorId.DestinationFolderNotFound)]
    [InlineData("file", null)]
    [InlineData("source", TransferErrorId.SameFile)]
    public void Whatever_the_destination_is(string destination, TransferErrorId? expected)
    {
        File.CreateSymbolicLink(_folder["link-to-folder"], "copy");
        File.CreateSymbolicLink(_folder["link-to-nothing"], "nothing");
        _folder.WriteRandom("file", 10, seed: 2);
        _folder.WriteRandom("source/one", 1000);
        using var queue = new CopyQueue(2, CancellationToken.None);

        Assert.True(queue.TryAdd(Request("one") with { Destination = _folder[destination] }));

        Assert.Equal(expected, Assert.Single(TakeAll(queue)).Error?.Id);
        Assert.Equal(Workspace.RandomBytes(1000), File.ReadAllBytes(_folder["source/one"]));
        Assert.Equal(destination == "link-to-folder", File.Exists(_folder["copy/one"]));
        Assert.Equal(destination == "file" ? 1000 : 10, new FileInfo(_folder["file"]).Length);
    }

    [Fact]
    public void Links_to_one_file_do_not_replace_it_twice()
    {
        const int Files = 40;
        var created = new CreatedFiles();
        _folder.WriteRandom("copy/target", 10, seed: 99);
        for (int i = 0; i < Files; i++)
        {
            _folder.WriteRandom($"source/{i}", 100_000, seed: i);
            File.CreateSymbolicLink(_folder[$"copy/{i}"], "target");
        }

        using var queue = new CopyQueue(8, CancellationToken.None);
        List<CopyOutcome> outcomes = [];
        for (int i = 0; i < Files; i++)
        {
            CopyRequest request = Request($"{i}") with { CreatedFiles = created };
            if (!queue.TryAdd(request))
            {
                outcomes.AddRange(TakeAll(queue));
                Assert.True(queue.TryAdd(request));
            }
        }

        outcomes.AddRange(TakeAll(queue));

        CopyOutcome copied = Assert.Single(outcomes, outcome => outcome.Error is null);
        Assert.Equal(File.ReadAllBytes(copied.Request.Source), File.ReadAllBytes(_folder["copy/target"]));
    }

    [Fact]
    public void A_cancelled_queue_has_an_outcome_for_each_file_and_whole_files_only()
    {
        for (int i = 0; i < 200; i++)
        {
            _folder.WriteRandom($"source/{i}", 50_000, seed: i);
        }

        using var cancellation = new CancellationTokenSource();
        using var queue = new CopyQueue(4, cancellation.Token);
        for (int i = 0; i < 200; i++)
        {
            Assert.True(queue.TryAdd(Request($"{i}")));
            if (i == 100)
            {
                cancellation.Cancel();
            }
        }

        CopyOutcome[] outcomes = [.. TakeAll(queue)];

        Assert.Equal(200, outcomes.Length);
        Assert.Equal(TransferErrorId.Cancelled, outcomes[^1].Error!.Id);
        Assert.All(outcomes, outcome => Assert.Equal(outcome.Error is null, File.Exists(_folder["copy/" + Path.GetFileName(outcome.Request.Source)])));
        Assert.All(Directory.GetFiles(_folder["copy"]), copy =>
            Assert.Equal(File.ReadAllBytes(_folder["source/" + Path.GetFileName(copy)]), File.ReadAllBytes(copy)));
    }

    [Fact]
    public void A_queue_that_is_disposed_of_under_way_leaves_whole_files_and_nothing_open()
    {
        for (int i = 0; i < 50; i++)
        {
            _folder.WriteRandom($"source/{i}", 200_000, seed: i);
        }

        OpenDescriptors.AssertNoneLeft(() =>
        {
            using var queue = new CopyQueue(4, CancellationToken.None);
            for (int i = 0; i < 50; i++)
            {
                Assert.True(queue.TryAdd(Request($"{i}")));
            }
        });

        Assert.All(Directory.GetFiles(_folder["copy"]), copy =>
            Assert.Equal(File.ReadAllBytes(_folder["source/" + Path.GetFileName(copy)]), File.ReadAllBytes(copy)));
    }

    private static IEnumerable<CopyOutcome> TakeAll(CopyQueue queue)
    {
        while (queue.Count > 0)
        {
            yield return queue.TryTake(Wait.Limit) ?? throw new TimeoutException("no outcome");
        }
    }

    private CopyRequest Request(string name) => new() { Source = _folder[$"source/{name}"], Destination = _folder["copy"] };
}
