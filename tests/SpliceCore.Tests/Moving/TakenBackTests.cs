using Xunit;

namespace Splice.Tests.Moving;

/// <summary>Moves to another file system that end after the copy has its name, and before anything of the source is removed: the copy
/// is removed, and nothing that another process has put there.</summary>
public sealed class TakenBackTests : IDisposable
{
    private readonly Workspace _from = Workspace.InMemory();
    private readonly Workspace _to = new();

    public void Dispose()
    {
        _from.Dispose();
        _to.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Another_file_in_place_of_the_copy_stays(bool isStopped)
    {
        _from.Write("file", [1]);
        using var stop = new CancellationTokenSource();
        using var other = new BetweenCalls(() => Path.Exists(_to["file"]), () =>
        {
            ReplaceCopy();
            if (isStopped)
            {
                stop.Cancel();
            }
        });

        TransferException error = Assert.Throws<TransferException>(() => ItemMove.Move(Request("file"), new TreeMonitor(Cancellation: stop.Token)));

        Assert.True(other.HasHappened);
        Assert.Equal(isStopped ? TransferErrorId.Cancelled : TransferErrorId.SourceChanged, error.Id);
        Assert.Contains(isStopped ? "is unchanged" : "was not moved", error.Message, StringComparison.Ordinal);
        Assert.Equal([7], File.ReadAllBytes(_to["file"]));
        Assert.Equal(["file"], _to.Names);
        Assert.Equal([2, 3], File.ReadAllBytes(_from["file"]));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(254)]
    [InlineData(255)]
    public void It_gets_another_name_where_its_own_is_taken(int length)
    {
        string name = new('f', length);
        _from.Write(name, [1]);
        BetweenCalls? third = null;
        using var other = new BetweenCalls(() => Path.Exists(_to[name]), () =>
        {
            ReplaceCopy(name);
            third = new BetweenCalls(() => !Path.Exists(_to[name]), () => _to.Write(name, [8]));
        });

        TransferException error = Assert.Throws<TransferException>(() => ItemMove.Move(Request(name), TreeMonitor.None));

        Assert.True(third?.HasHappened);
        Assert.Equal([8], File.ReadAllBytes(_to[name]));
        string kept = Assert.Single(_to.Names, entry => entry != name);
        Assert.StartsWith(name[..Math.Min(length, 200)], kept, StringComparison.Ordinal);
        Assert.Equal([7], File.ReadAllBytes(_to[kept]));
        Assert.Contains($"is now '{_to[kept]}'", error.Problem, StringComparison.Ordinal);
        Assert.Equal([2, 3], File.ReadAllBytes(_from[name]));
    }

    [Fact]
    public void It_is_kept_in_the_folder_of_the_copy_where_it_cannot_be_renamed()
    {
        Command.RequireRoot();
        _from.Write("file", [1]);
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(host.Id, [
            "strace", "-f", "-e", "trace=renameat2,fsync", "-e", "inject=fsync:delay_exit=1500000", "-e", "inject=renameat2:error=EDQUOT:when=4..5"]);

        host.Begin(Request("file"));
        Wait.Until(() => Path.Exists(_to["file"]), "nothing is moved", () => host.EndReport);
        ReplaceCopy();
        TreeAnswer answer = host.Finish();

        Assert.Equal("SourceChanged", answer.Error);
        string kept = Assert.Single(_to.Names);
        Assert.StartsWith("file.splice-", kept, StringComparison.Ordinal);
        Assert.Contains($"is now '{_to[kept]}/file'", answer.Message, StringComparison.Ordinal);
        ItemMove.Move(Request("file"), TreeMonitor.None);
        Assert.Equal([7], File.ReadAllBytes(_to[$"{kept}/file"]));
    }

    [Theory]
    [InlineData("new")]
    [InlineData("file")]
    public void What_another_process_writes_into_the_copy_stays(string name)
    {
        Directory.CreateDirectory(_from["tree"]);
        _from.Write("tree/file", [1]);
        List<TransferException> errors = [];
        using var other = new BetweenCalls(() => Path.Exists(_to["tree"]), () =>
        {
            _from.Write("tree/file", [2, 3]);
            _to.Write($"tree/{name}", [7, 8, 9]);
        });

        TransferResult result = ItemMove.Move(Request("tree"), new TreeMonitor(Failed: errors.Add));

        Assert.True(other.HasHappened);
        Assert.Equal((_from["tree/file"], 1), (Assert.Single(errors).Target, result.Failed));
        Assert.Equal([7, 8, 9], File.ReadAllBytes(_to[$"tree/{name}"]));
        Assert.True(File.Exists(_to["tree/file"]));
        Assert.Equal(["tree"], _to.Names);
        Assert.Equal([2, 3], File.ReadAllBytes(_from["tree/file"]));
    }

    [Fact]
    public void Stopped_after_it_has_replaced_a_file_the_copy_stays_and_is_reported_as_complete()
    {
        _from.Write("file", [1]);
        _to.Write("file", [8, 9]);
        using var stop = new CancellationTokenSource();
        using var named = new BetweenCalls(() => File.ReadAllBytes(_to["file"]) is [1], stop.Cancel);

        TransferException error = Assert.Throws<TransferException>(
            () => ItemMove.Move(Request("file") with { Replace = true }, new TreeMonitor(Cancellation: stop.Token)));

        Assert.True(named.HasHappened);
        Assert.Equal(TransferErrorId.Cancelled, error.Id);
        Assert.Equal(
            $"Moving '{_from["file"]}' was stopped: it is unchanged, and '{_to["file"]}' is complete, but its name may not be on the disk.", error.Problem);
        Assert.Contains("sync(1)", error.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal([1], File.ReadAllBytes(_to["file"]));
        Assert.Equal([1], File.ReadAllBytes(_from["file"]));
        Assert.Equal(["file"], _to.Names);
    }

    [Fact]
    public void Where_its_name_cannot_be_flushed_nothing_is_reported_as_complete()
    {
        Command.RequireRoot();
        _from.Write("file", [1]);
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(host.Id, ["strace", "-f", "-P", _to.Folder, "-e", "trace=fsync", "-e", "inject=fsync:error=EIO"]);

        TreeAnswer answer = host.Move(Request("file"));

        Assert.True(attached.Detach() > 0, "nothing was injected");
        Assert.Equal("WriteFailed", answer.Error);
        Assert.Contains("was not moved", answer.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("is complete", answer.Message, StringComparison.Ordinal);
        Assert.Equal([1], File.ReadAllBytes(_from["file"]));
        Assert.Empty(_to.Names);
    }

    private MoveRequest Request(string name) => new() { Source = _from[name], Destination = _to[name] };

    /// <summary>The source grows, and another process gives its own file the name of the copy.</summary>
    private void ReplaceCopy(string name = "file")
    {
        _from.Write(name, [2, 3]);
        _to.Write("other", [7]);
        File.Move(_to["other"], _to[name], overwrite: true);
    }
}
