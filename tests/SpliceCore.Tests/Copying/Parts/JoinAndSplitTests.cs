using Xunit;

namespace Splice.Tests.Copying.Parts;

public sealed class JoinAndSplitTests : IDisposable
{
    private readonly Workspace _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_that_is_missing_is_found_out_before_anything_is_made()
    {
        _folder.WriteRandom("one", 1000);

        Assert.Equal(TransferErrorId.SourceNotFound, JoinError("one", "two"));

        Assert.Equal(["one"], _folder.Names);
    }

    [Fact]
    public void The_whole_is_none_of_its_parts()
    {
        _folder.WriteRandom("one", 1000);
        _folder.WriteRandom("whole", 1000, seed: 2);
        File.CreateSymbolicLink(_folder["link"], "whole");

        Assert.Equal(TransferErrorId.SameFile, JoinError("one", "whole"));
        Assert.Equal(TransferErrorId.SameFile, JoinError("one", "link"));

        Assert.Equal(Workspace.RandomBytes(1000, seed: 2), File.ReadAllBytes(_folder["whole"]));
    }

    [Fact]
    public void Generated_and_empty_files_are_joined_as_they_come()
    {
        _folder.WriteRandom("one", 1000);
        _folder.WriteRandom("empty", 0);
        string version = File.ReadAllText("/proc/version");

        TransferResult result = FileJoin.Join(Request("one", "empty", "/proc/version", "one"), TransferMonitor.None);

        byte[] one = Workspace.RandomBytes(1000);
        Assert.Equal([.. one, .. System.Text.Encoding.UTF8.GetBytes(version), .. one], File.ReadAllBytes(_folder["whole"]));
        Assert.Equal(4, result.FileCount);
    }

    [Fact]
    public void A_whole_is_as_private_as_its_first_part_and_a_part_as_its_file()
    {
        _folder.WriteRandom("one", 1000);
        Command.Check("chmod", "0600", _folder["one"]);

        FileJoin.Join(Request("one", "one"), TransferMonitor.None);
        FileSplit.Split(Split("one"), TransferMonitor.None);

        Assert.Equal("600", Files.Metadata(_folder["whole"], "%a"));
        Assert.Equal("600", Files.Metadata(_folder["one.001"], "%a"));
    }

    [Fact]
    public void A_file_that_is_replaced_keeps_its_mode_and_with_NoClobber_itself()
    {
        _folder.WriteRandom("one", 1000);
        _folder.WriteRandom("whole", 10);
        Command.Check("chmod", "0604", _folder["whole"]);

        Assert.Equal(TransferErrorId.DestinationExists, Assert.Throws<TransferException>(() => FileJoin.Join(
            Request("one") with { Copy = Request("one").Copy with { NoClobber = true } }, TransferMonitor.None)).Id);
        FileJoin.Join(Request("one"), TransferMonitor.None);

        Assert.Equal("604", Files.Metadata(_folder["whole"], "%a"));
        Assert.Equal(Workspace.RandomBytes(1000), File.ReadAllBytes(_folder["whole"]));
    }

    [Fact]
    public async Task A_FIFO_gets_all_files_one_after_the_other()
    {
        Command.Check("mkfifo", _folder["whole"]);
        _folder.WriteRandom("one", 200_000);
        _folder.WriteRandom("two", 300_000, seed: 2);
        Task<byte[]> reader = Task.Run(() => File.ReadAllBytes(_folder["whole"]));

        FileJoin.Join(Request("one", "two"), TransferMonitor.None);

        byte[] read = await reader;
        Assert.Equal([.. Workspace.RandomBytes(200_000), .. Workspace.RandomBytes(300_000, seed: 2)], read);
    }

    [Theory]
    [InlineData("nowhere", TransferErrorId.DestinationFolderNotFound)]
    [InlineData("file", TransferErrorId.DestinationFolderNotFound)]
    public void Parts_go_into_a_folder_that_is_there(string destination, TransferErrorId expected)
    {
        _folder.WriteRandom("file", 1000);

        TransferException error = Assert.Throws<TransferException>(() => FileSplit.Split(
            Split("file") with { Copy = Split("file").Copy with { Destination = _folder[destination] } }, TransferMonitor.None));

        Assert.Equal(expected, error.Id);
    }

    [Fact]
    public void A_part_in_whose_place_a_folder_is_makes_none()
    {
        _folder.WriteRandom("file", 1000);
        Directory.CreateDirectory(_folder["file.003"]);

        Assert.Equal(TransferErrorId.DestinationExists, Assert.Throws<TransferException>(() => FileSplit.Split(Split("file"), TransferMonitor.None)).Id);

        Assert.Equal(["file", "file.003"], _folder.Names);
    }

    [Fact]
    public void A_part_that_gets_no_name_takes_the_new_ones_away_again()
    {
        _folder.WriteRandom("file", 1000);
        SplitRequest request = Split("file");
        var monitor = new TransferMonitor(progress =>
        {
            // Once all have been looked for.
            if (progress.BytesCopied == 1000)
            {
                _folder.WriteRandom("file.003", 10, seed: 3);
            }
        });

        TransferException error = Assert.Throws<TransferException>(
            () => FileSplit.Split(request with { Copy = request.Copy with { NoClobber = true } }, monitor));

        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Equal(["file", "file.003"], _folder.Names);
        Assert.Equal(10, new FileInfo(_folder["file.003"]).Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Old_parts_are_back_where_a_later_one_gets_no_name(bool cameMeanwhile)
    {
        _folder.WriteRandom("file", 1000);
        byte[] old = Workspace.RandomBytes(10, seed: 3);
        if (!cameMeanwhile)
        {
            _folder.Write("file.001", old);
        }

        var monitor = new TransferMonitor(progress =>
        {
            if (progress.BytesCopied == 1000)
            {
                _folder.Write("file.001", old);
                Directory.CreateDirectory(_folder["file.003"]);
            }
        });

        TransferException error = Assert.Throws<TransferException>(() => FileSplit.Split(Split("file"), monitor));

        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Equal(["file", "file.001", "file.003"], _folder.Names);
        Assert.Equal(old, File.ReadAllBytes(_folder["file.001"]));
    }

    [Fact]
    public void Old_parts_that_are_replaced_leave_nothing_behind()
    {
        _folder.WriteRandom("file", 1000);
        _folder.WriteRandom("file.002", 10, seed: 3);

        FileSplit.Split(Split("file"), TransferMonitor.None);

        Assert.Equal(["file", "file.001", "file.002", "file.003", "file.004"], _folder.Names);
        Assert.Equal(Workspace.RandomBytes(1000)[300..600], File.ReadAllBytes(_folder["file.002"]));
    }

    [Fact]
    public void A_file_that_changes_between_its_parts_makes_none()
    {
        _folder.WriteRandom("file", 1000);
        bool changed = false;
        var monitor = new TransferMonitor(_ =>
        {
            if (!changed)
            {
                changed = true;
                _folder.WriteRandom("file", 1000, seed: 2);
            }
        });

        Assert.Equal(TransferErrorId.SourceChanged, Assert.Throws<TransferException>(() => FileSplit.Split(Split("file"), monitor)).Id);

        Assert.Equal(["file"], _folder.Names);
    }

    [Fact]
    public void Two_files_of_one_name_do_not_share_their_parts()
    {
        Directory.CreateDirectory(_folder["other"]);
        _folder.WriteRandom("file", 1000);
        _folder.WriteRandom("other/file", 1000, seed: 2);
        SplitRequest first = Split("file") with { Copy = Split("file").Copy with { CreatedFiles = new CreatedFiles() } };
        FileSplit.Split(first, TransferMonitor.None);

        TransferException error = Assert.Throws<TransferException>(() => FileSplit.Split(
            first with { Copy = first.Copy with { Source = _folder["other/file"] } }, TransferMonitor.None));

        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Equal(Workspace.RandomBytes(1000)[..300], File.ReadAllBytes(_folder["file.001"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_in_place_of_a_part_stays_when_the_next_part_fails(bool isOld)
    {
        _folder.WriteRandom("file", 1000);
        _folder.Write("other", [7]);
        if (isOld)
        {
            _folder.Write("file.001", [5]);
        }

        using var other = new BetweenCalls(() => File.Exists(_folder["file.001"]) && new FileInfo(_folder["file.001"]).Length == 300, () =>
        {
            File.Move(_folder["other"], _folder["file.001"], overwrite: true);
            Directory.CreateDirectory(_folder["file.002"]);
        });

        TransferException error = Assert.Throws<TransferException>(() => FileSplit.Split(Split("file"), TransferMonitor.None));

        Assert.True(other.HasHappened);
        Assert.Equal([7], File.ReadAllBytes(_folder["file.001"]));
        string[] left = [.. _folder.Names.Except(["file", "file.001", "file.002"])];
        Assert.Equal(isOld ? 1 : 0, left.Length);
        Assert.All(left, name => Assert.Contains($"it is '{name}'", error.Message, StringComparison.Ordinal));
        Assert.All(left, name => Assert.Equal([5], File.ReadAllBytes(_folder[name])));
    }

    [Fact]
    public void Stopped_in_the_middle_there_is_nothing()
    {
        _folder.WriteRandom("file", 1000);
        using var stop = new CancellationTokenSource();
        var monitor = new TransferMonitor(_ => stop.Cancel(), stop.Token);

        Assert.Equal(TransferErrorId.Cancelled, Assert.Throws<TransferException>(() => FileSplit.Split(Split("file"), monitor)).Id);
        Assert.Equal(TransferErrorId.Cancelled, Assert.Throws<TransferException>(() => FileJoin.Join(Request("file", "file"), monitor)).Id);

        Assert.Equal(["file"], _folder.Names);
    }

    [Fact]
    public void An_error_of_the_second_file_tells_what_there_is_of_the_first()
    {
        _folder.WriteRandom("one", 1000);
        Directory.CreateDirectory(_folder["folder"]);

        TransferException error = Assert.Throws<TransferException>(() => FileJoin.Join(Request("one", "folder"), TransferMonitor.None));

        Assert.Equal((TransferErrorId.SourceIsDirectory, 1000), (error.Id, error.PartialTransfer().BytesCopied));
    }

    [Fact]
    public void An_error_of_the_name_tells_what_there_is_of_all_files()
    {
        _folder.WriteRandom("one", 1000);
        _folder.WriteRandom("two", 500);
        JoinRequest request = Request("one", "two");
        var monitor = new TransferMonitor(progress =>
        {
            if (progress.BytesCopied == 1500)
            {
                _folder.Write("whole", [5]);
            }
        });

        TransferException error = Assert.Throws<TransferException>(
            () => FileJoin.Join(request with { Copy = request.Copy with { NoClobber = true } }, monitor));

        Assert.Equal((TransferErrorId.DestinationExists, 1500), (error.Id, error.PartialTransfer().BytesCopied));
    }

    [Theory]
    [InlineData("empty", 1500L)]
    [InlineData("/proc/version", null)]
    public void The_total_counts_an_empty_file_as_0_and_is_unknown_with_a_generated_one(string second, long? expected)
    {
        _folder.WriteRandom("one", 1000);
        _folder.WriteRandom("empty", 0);
        _folder.WriteRandom("three", 500);
        List<TransferProgress> reports = [];

        FileJoin.Join(Request("one", second, "three"), new TransferMonitor(reports.Add));

        Assert.NotEmpty(reports);
        Assert.All(reports, report => Assert.Equal(expected, report.TotalBytes));
    }

    private TransferErrorId JoinError(params string[] sources) =>
        Assert.Throws<TransferException>(() => FileJoin.Join(Request(sources), TransferMonitor.None)).Id;

    private JoinRequest Request(params string[] sources) => new()
    {
        Sources = [.. sources.Select(source => _folder[source])],
        Copy = new CopyRequest { Source = _folder[sources[0]], Destination = _folder["whole"] },
    };

    private SplitRequest Split(string source) => new()
    {
        Copy = new CopyRequest { Source = _folder[source], Destination = _folder.Folder },
        PartSize = 300,
    };
}
