using Xunit;

namespace Splice.Tests.Streaming.Remote.Resume;

/// <summary>Interrupted sending, and going on with it; files with holes.</summary>
public sealed class ResumeSendTests(SshServer server) : IDisposable
{
    private const int Size = 3_000_001;

    private readonly Workspace _workspace = new();

    [Theory]
    [MemberData(nameof(SshServer.Shells), MemberType = typeof(SshServer))]
    public void It_goes_on_where_it_was_interrupted(string shell)
    {
        SendRequest request = Request(server.Host(shell)) with { Resume = true, Verify = true };
        _workspace.Write("target", [1, 2, 3]);
        RemoteHost dropping = server.Host($"part-{shell}", $"stdbuf -o0 head -c 1000000 | {(shell == "busybox" ? "busybox sh" : shell)} -c \"$SSH_ORIGINAL_COMMAND\"");
        Remotes.Error(Remotes.Send(request with { Hosts = [dropping] }), TransferErrorId.ConnectionFailed);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(request.Destination));
        string partial = Assert.Single(_workspace.Names, name => name.EndsWith(".splice-partial", StringComparison.Ordinal));
        long length = new FileInfo(_workspace[partial]).Length;
        Assert.InRange(length, 980_000, 1_000_000); // all but the script
        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));
        long start = length - (length % 4096);
        Assert.Equal(start, result.ResumedAt);
        Assert.Equal(Size - start, result.BytesSent);
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(request.Destination));
        Assert.Equal(["source", "target"], _workspace.Names);
    }

    [Fact]
    public void Another_file_does_not_go_on_with_it()
    {
        SendRequest request = Request(server.Host()) with { Resume = true };
        RemoteHost dropping = server.Host("part-bash", "stdbuf -o0 head -c 1000000 | bash -c \"$SSH_ORIGINAL_COMMAND\"");
        Remotes.Error(Remotes.Send(request with { Hosts = [dropping] }), TransferErrorId.ConnectionFailed);
        _workspace.WriteRandom("source", Size, seed: 2);
        Assert.Null(Remotes.Result(Remotes.Send(request)).ResumedAt);
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(request.Destination));
    }

    [Theory]
    [InlineData("bash", "..XX....X...", 0)]
    [InlineData("dash", "X..................X", 0)]
    [InlineData("busybox", "XX....X...XXXX.........X..X", 0)]
    [InlineData("bash", "....", 0)]
    [InlineData("bash", "X....X", 777)]
    [InlineData("busybox", "X....X", 5000)]
    public void Holes_are_not_sent_and_are_holes_again(string shell, string blocks, int more)
    {
        string source = SparseFile.Write(_workspace, "sparse", blocks);
        if (more > 0)
        {
            using FileStream file = File.Open(source, FileMode.Append);
            file.Write(Workspace.RandomBytes(more));
        }

        SendRequest request = Request(server.Host(shell)) with { Source = source, Verify = true };
        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(request.Destination));
        Assert.Equal(SparseFile.Read(source), SparseFile.Read(request.Destination));
        long data = blocks.Count(block => block == 'X') * (long)SparseFile.Block;
        Assert.Equal(data + more, result.BytesSent);
        Assert.Equal(result.Length - result.BytesSent, result.BytesInHoles);
    }

    [Fact]
    public void A_host_whose_dd_cannot_gets_the_zeros()
    {
        string bin = Directory.CreateDirectory(_workspace["bin"]).FullName;
        File.WriteAllText(Path.Combine(bin, "dd"), "#!/bin/sh\ncase \"$*\" in *fullblock*) exit 1 ;; esac\nexec /bin/dd \"$@\"\n");
        File.SetUnixFileMode(Path.Combine(bin, "dd"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        RemoteHost host = server.Host("old-dd", $"PATH=$(cat {_workspace["path"]}):$PATH; export PATH; exec bash -c \"$SSH_ORIGINAL_COMMAND\"");
        File.WriteAllText(_workspace["path"], bin);
        string source = SparseFile.Write(_workspace, "sparse", "X....X");
        SendRequest request = Request(host) with { Source = source, Verify = true };
        RemoteTransferResult result = Remotes.Result(Remotes.Send(request));
        Assert.Equal(6L * SparseFile.Block, result.BytesSent);
        Assert.Equal(0, result.BytesInHoles);
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(request.Destination));
    }

    [Fact]
    public void A_file_that_is_changed_meanwhile_is_not_taken()
    {
        SendRequest request = Request(server.Host());
        _workspace.Write("target", [1, 2, 3]);
        TransferException error = Remotes.Error(
            Remotes.Send(request, new TransferMonitor(_ => File.SetLastWriteTimeUtc(request.Source, DateTime.UnixEpoch))), TransferErrorId.SourceChanged);
        Assert.Contains("was changed", error.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(request.Destination));
    }

    public void Dispose() => _workspace.Dispose();

    private SendRequest Request(RemoteHost host) => new()
    {
        Source = _workspace.WriteRandom("source", Size),
        Hosts = [host],
        Destination = _workspace["target"],
        Ssh = server.SharedConnection,
    };
}
