using Xunit;

namespace Splice.Tests.Copying.Destination;

/// <summary>A name that is free when a command begins, and taken by another program when it ends: what has the name stays,
/// whatever the command is, and what cannot be read a second time is kept.</summary>
public sealed class TakenNameTests : IDisposable
{
    private const string Other = "somebody else's";

    private readonly Workspace _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_whole_of_parts(bool noClobber)
    {
        _folder.WriteRandom("one", 1000);
        _folder.WriteRandom("two", 1000);

        TransferException error = Assert.Throws<TransferException>(() => FileJoin.Join(
            new JoinRequest
            {
                Sources = [_folder["one"], _folder["two"]],
                Copy = new CopyRequest { Source = _folder["one"], Destination = _folder["taken"], NoClobber = noClobber },
            },
            Taking("taken")));

        AssertKept(error, ["one", "taken", "two"]);
    }

    [Fact]
    public void A_part()
    {
        _folder.WriteRandom("source", 3000);
        Directory.CreateDirectory(_folder["parts"]);

        TransferException error = Assert.Throws<TransferException>(() => FileSplit.Split(
            new SplitRequest
            {
                Copy = new CopyRequest { Source = _folder["source"], Destination = _folder["parts"] },
                PartCount = 3,
                NameFormat = "{1}",
            },
            Taking("parts/1")));

        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Equal(["1"], Directory.GetFileSystemEntries(_folder["parts"]).Select(Path.GetFileName));
        Assert.Equal(Other, File.ReadAllText(_folder["parts/1"]));
    }

    [Fact]
    public void A_file_of_a_tree()
    {
        Directory.CreateDirectory(_folder["tree"]);
        Directory.CreateDirectory(_folder["copy"]);
        _folder.WriteRandom("tree/taken", 2_000_000);
        _folder.WriteRandom("copy/old", 10);
        List<TransferException> errors = [];

        // It takes long enough for a word on how far it is.
        TransferResult result = TreeCopy.Copy(
            new TreeRequest
            {
                Copy = new CopyRequest { Source = _folder["tree/."], Destination = _folder["copy"], RateLimit = new RateLimiter(1_500_000) },
            },
            new TreeMonitor(Failed: errors.Add, Progress: progress =>
            {
                // Before the first byte, the copy may not have looked at the name yet.
                if (progress.BytesCopied > 0)
                {
                    Take("copy/taken");
                }
            }));

        Assert.Equal(1, result.Failed);
        Assert.Equal(TransferErrorId.DestinationExists, Assert.Single(errors).Id);
        Assert.Equal(Other, File.ReadAllText(_folder["copy/taken"]));
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder["copy"]).Length);
    }

    [Fact]
    public void A_file_that_goes_on_where_it_was_interrupted()
    {
        _folder.WriteRandom("source", 3_000_000);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            new CopyRequest { Source = _folder["source"], Destination = _folder["taken"], Resume = true }, Taking("taken")));

        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Equal(Other, File.ReadAllText(_folder["taken"]));

        // What has arrived is complete, and the next copy takes it.
        File.Delete(_folder["taken"]);
        TransferResult result = FileCopy.Copy(
            new CopyRequest { Source = _folder["source"], Destination = _folder["taken"], Resume = true }, TransferMonitor.None);
        Assert.Equal(3_000_000, result.ResumedAt);
        Files.AssertSameBytes(_folder["source"], _folder["taken"]);
    }

    [Fact]
    public void A_stream_that_cannot_be_read_twice()
    {
        byte[] content = Workspace.RandomBytes(100_000);

        StreamOutcome outcome = StreamCopy.Copy(
            new StreamRequest { Source = TransferEndpoint.OfContent(content), Destinations = [TransferEndpoint.OfPath(_folder["taken"])] },
            Taking("taken"))[0];

        AssertKeptBeside(outcome.Error!, content);
    }

    [Theory]
    [InlineData("taken")]
    [InlineData("link")]
    public void The_output_of_commands(string output)
    {
        File.CreateSymbolicLink(_folder["link"], "taken");

        TransferException error = Pipelines.Fail(
            Pipelines.Of(Pipelines.Shell($"echo output; printf %s \"{Other}\" > '{_folder["taken"]}'")) with { OutputPath = _folder[output] });

        File.Delete(_folder["link"]);
        AssertKeptBeside(error, "output\n"u8.ToArray());
    }

    private TransferMonitor Taking(string name) => new(_ => Take(name));

    private void Take(string name)
    {
        if (!File.Exists(_folder[name]))
        {
            File.WriteAllText(_folder[name], Other);
        }
    }

    private void AssertKept(TransferException error, string[] names)
    {
        Assert.Equal(TransferErrorId.DestinationExists, error.Id);
        Assert.Equal(_folder["taken"], error.Target);
        Assert.Equal(Other, File.ReadAllText(_folder["taken"]));
        Assert.Equal(names, _folder.Names);
    }

    private void AssertKeptBeside(TransferException error, byte[] content)
    {
        string kept = Assert.Single(_folder.Names, name => name.StartsWith("taken.splice-", StringComparison.Ordinal));
        AssertKept(error, ["taken", kept]);
        Assert.Equal(content, File.ReadAllBytes(_folder[kept]));
        Assert.Contains($"'{kept}'", error.Message, StringComparison.Ordinal);
    }
}
