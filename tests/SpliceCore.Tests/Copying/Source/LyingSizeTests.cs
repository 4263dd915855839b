using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.Copying.Source;

/// <summary>Files whose size is not that of their content: 0, too large, too small. All of it arrives, or there is an error.</summary>
public sealed class LyingSizeTests(SshServer server) : IDisposable
{
    private const int Actual = 400_000;

    private static readonly byte[] Content = Workspace.RandomBytes(Actual);

    private readonly Workspace _folder = new();
    private readonly FuseMount _mount = new(("none", 0, Content), ("large", 1_000_000, Content), ("small", 100_000, Content), ("true", Actual, Content));

    public static TheoryData<string, TransferMethod, SparseMode> Copies => new(
        from name in new[] { "none", "large", "small", "true" }
        from method in new[] { TransferMethod.Auto, TransferMethod.CopyFileRange, TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite }
        from sparse in new[] { SparseMode.Auto, SparseMode.Always }
        where sparse == SparseMode.Auto || method is TransferMethod.Auto or TransferMethod.ReadWrite
        select (name, method, sparse));

    public static TheoryData<string, TransferErrorId> Wrong => new()
    {
        { "large", TransferErrorId.SourceTruncated },
        { "small", TransferErrorId.SourceChanged },
    };

    public static TheoryData<string> Right => ["none", "true"];

    [Theory]
    [MemberData(nameof(Copies))]
    public void A_copy_has_all_or_is_an_error(string name, TransferMethod method, SparseMode sparse)
    {
        CopyRequest request = Request(name) with { Method = method, Sparse = sparse };
        try
        {
            Assert.Equal(Actual, FileCopy.Copy(request, TransferMonitor.None).BytesCopied);
            Assert.Equal(Content, File.ReadAllBytes(_folder["copy"]));
            Assert.True(name is "none" or "true");
        }
        catch (TransferException error)
        {
            // copy_file_range(2) goes between file systems of one type, and a call that takes the size for the end moves nothing.
            bool isImpossible = error.Id == TransferErrorId.MethodNotPossible && method != TransferMethod.Auto
                && (method == TransferMethod.CopyFileRange || name == "none");
            Assert.True(isImpossible || error.Id == (name == "large" ? TransferErrorId.SourceTruncated : TransferErrorId.SourceChanged), error.Message);
            Assert.True(isImpossible || name is "large" or "small", error.Message);
            Assert.Empty(_folder.Names);
        }
    }

    [Theory]
    [InlineData("none")]
    [InlineData("large")]
    [InlineData("small")]
    public void What_is_added_or_written_in_place_has_all_or_is_an_error(string name)
    {
        foreach (bool append in new[] { false, true })
        {
            byte[] old = File.ReadAllBytes(_folder.WriteRandom("copy", 1000, seed: 2));
            CopyRequest request = Request(name) with { Append = append, InPlace = !append };
            if (name == "none")
            {
                FileCopy.Copy(request, TransferMonitor.None);
                Assert.Equal([.. append ? old : [], .. Content], File.ReadAllBytes(_folder["copy"]));
            }
            else
            {
                Assert.Throws<TransferException>(() => FileCopy.Copy(request, TransferMonitor.None));
                Assert.True(!append || File.ReadAllBytes(_folder["copy"]).SequenceEqual(old));
            }
        }
    }

    [Fact]
    public void Of_a_tree_the_wrong_ones_are_errors_and_the_others_are_copied()
    {
        (TransferResult result, List<TransferException> errors) = TreeCopies.CopyWithErrors(TreeCopies.Request(_mount.Folder, _folder["copy"]));

        Assert.Equal(2, result.FileCount);
        Assert.Equal(
            [(TransferErrorId.SourceTruncated, _mount["large"]), (TransferErrorId.SourceChanged, _mount["small"])],
            errors.Select(error => (error.Id, error.Target!)).OrderBy(error => error.Item2, StringComparer.Ordinal));
        Assert.Equal(Content, File.ReadAllBytes(_folder["copy/none"]));
        Assert.Equal(Content, File.ReadAllBytes(_folder["copy/true"]));
        Assert.Equal(2, Directory.GetFiles(_folder["copy"]).Length);
    }

    [Theory]
    [MemberData(nameof(Right))]
    public void Parts_have_all(string name)
    {
        foreach (SplitRequest cut in new[] { Cut(name) with { PartSize = 150_000 }, Cut(name) with { PartCount = 3 } })
        {
            IReadOnlyList<TransferResult> parts = FileSplit.Split(cut, TransferMonitor.None);

            Assert.Equal(3, parts.Count);
            Assert.Equal(Content, parts.SelectMany(part => File.ReadAllBytes(part.Destination)));
        }
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Parts_of_a_wrong_size_are_none(string name, TransferErrorId id)
    {
        Assert.Equal(id, Assert.Throws<TransferException>(() => FileSplit.Split(Cut(name) with { PartCount = 3 }, TransferMonitor.None)).Id);
        Assert.Empty(_folder.Names);
    }

    [Theory]
    [MemberData(nameof(Right))]
    public void A_whole_has_all(string name)
    {
        FileJoin.Join(new JoinRequest { Sources = [_mount[name], _mount["true"]], Copy = Request(name) }, TransferMonitor.None);

        Assert.Equal([.. Content, .. Content], File.ReadAllBytes(_folder["copy"]));
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_whole_of_a_wrong_size_is_none(string name, TransferErrorId id)
    {
        var request = new JoinRequest { Sources = [_mount["true"], _mount[name]], Copy = Request(name) };

        Assert.Equal(id, Assert.Throws<TransferException>(() => FileJoin.Join(request, TransferMonitor.None)).Id);
        Assert.Empty(_folder.Names);
    }

    [Theory]
    [InlineData("none", 1)]
    [InlineData("none", 2)]
    [InlineData("large", 1)]
    [InlineData("large", 2)]
    public void A_stream_has_all_or_is_an_error(string name, int destinations)
    {
        IReadOnlyList<StreamOutcome> outcomes = StreamCopy.Copy(
            new StreamRequest
            {
                Source = TransferEndpoint.OfPath(_mount[name]),
                Destinations = [.. Enumerable.Range(0, destinations).Select(i => TransferEndpoint.OfPath(_folder[$"copy{i}"]))],
            },
            TransferMonitor.None);

        if (name == "none")
        {
            Assert.All(outcomes, outcome => Assert.Null(outcome.Error));
            Assert.All(_folder.Paths, path => Assert.Equal(Content, File.ReadAllBytes(path)));
        }
        else
        {
            Assert.All(outcomes, outcome => Assert.Equal(TransferErrorId.SourceTruncated, outcome.Error?.Id));
            Assert.Empty(_folder.Names);
        }
    }

    [Theory]
    [InlineData("none", TransferMethod.Auto)]
    [InlineData("none", TransferMethod.ReadWrite)]
    [InlineData("large", TransferMethod.Splice)]
    public void A_handle_gives_all_or_is_an_error(string name, TransferMethod method)
    {
        using SafeFileHandle source = Posix.OpenRead(_mount[name]);
        using SafeFileHandle destination = Posix.OpenWrite(_folder["copy"]);
        var request = new HandleTransferRequest { Source = source, Destination = destination, Method = method };

        if (name == "none")
        {
            Assert.Equal(Actual, HandleTransfer.Run(request, TransferMonitor.None).BytesCopied);
        }
        else
        {
            Assert.Equal(TransferErrorId.SourceTruncated, Assert.Throws<TransferException>(() => HandleTransfer.Run(request, TransferMonitor.None)).Id);
        }

        Assert.Equal(Content, File.ReadAllBytes(_folder["copy"]));
    }

    [Theory]
    [InlineData("none", false)]
    [InlineData("none", true)]
    [InlineData("large", true)]
    [InlineData("small", false)]
    public void A_command_reads_to_the_end(string name, bool isLimited)
    {
        Pipelines.Run(Pipelines.Of(Pipelines.Command("cat")) with
        {
            InputPath = _mount[name],
            OutputPath = _folder["copy"],
            RateLimit = isLimited ? new RateLimiter(1L << 30) : null,
        });

        Assert.Equal(Content, File.ReadAllBytes(_folder["copy"]));
    }

    [Theory]
    [InlineData("none", null)]
    [InlineData("large", TransferErrorId.SourceTruncated)]
    [InlineData("small", TransferErrorId.SourceChanged)]
    public void What_is_sent_is_all_or_an_error(string name, TransferErrorId? id)
    {
        var request = new SendRequest
        {
            Source = _mount[name],
            Destination = _folder["copy"],
            Hosts = [server.Host("dash")],
            Ssh = server.SharedConnection,
            Verify = true,
        };

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(request);

        if (id is TransferErrorId expected)
        {
            // The host removes what it has of the file in its own time.
            Remotes.Error(outcomes, expected);
            Assert.True(SpinWait.SpinUntil(() => _folder.Names.Length == 0, TimeSpan.FromSeconds(30)), string.Join(' ', _folder.Names));
        }
        else
        {
            RemoteTransferResult result = Remotes.Result(outcomes);
            Assert.Equal((Actual, Actual, true), (result.BytesSent, result.Length, result.Verified));
            Assert.Equal(Content, File.ReadAllBytes(_folder["copy"]));
        }
    }

    [Theory]
    [InlineData("none", null)]
    [InlineData("large", TransferErrorId.SourceTruncated)]
    [InlineData("small", TransferErrorId.SourceChanged)]
    public void What_is_received_is_all_or_an_error(string name, TransferErrorId? id)
    {
        var request = new ReceiveRequest
        {
            Source = _mount[name],
            Destination = _folder["copy"],
            Hosts = [server.Host("dash")],
            Ssh = server.SharedConnection,
            Verify = true,
        };

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Receive(request);

        if (id is TransferErrorId expected)
        {
            // The host removes what it has of the file in its own time.
            Remotes.Error(outcomes, expected);
            Assert.True(SpinWait.SpinUntil(() => _folder.Names.Length == 0, TimeSpan.FromSeconds(30)), string.Join(' ', _folder.Names));
        }
        else
        {
            Assert.True(Remotes.Result(outcomes).Verified);
            Assert.Equal(Content, File.ReadAllBytes(_folder["copy"]));
        }
    }

    public void Dispose()
    {
        _mount.Dispose();
        _folder.Dispose();
    }

    private CopyRequest Request(string name) => new() { Source = _mount[name], Destination = _folder["copy"] };

    private SplitRequest Cut(string name) => new() { Copy = Request(name) with { Destination = _folder.Folder } };
}
