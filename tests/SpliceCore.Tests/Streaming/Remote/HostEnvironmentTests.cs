using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>What a host's environment tells its tools changes nothing of a transfer.</summary>
public sealed class HostEnvironmentTests(SshServer server) : IDisposable
{
    private readonly Workspace _workspace = new();

    public static TheoryData<string> Shells => ["bash", "dash", "busybox"];

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_folder_is_received_whole(string shell)
    {
        SshServer.Require();
        MakeTree();

        RemoteTransferResult result = Remotes.Result(Remotes.Receive(new ReceiveRequest
        {
            Source = _workspace["source"],
            Hosts = [Host(shell)],
            Destination = _workspace["received"],
            Ssh = server.Options,
            Recurse = true,
            Verify = true,
        }));

        Assert.True(result.Verified);
        AssertSameTree("received");
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_folder_is_sent_whole(string shell)
    {
        SshServer.Require();
        MakeTree();

        RemoteTransferResult result = Remotes.Result(Remotes.Send(Send(shell) with { Recurse = true }));

        Assert.True(result.Verified);
        AssertSameTree("sent");
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_file_is_sent_and_received(string shell)
    {
        SshServer.Require();
        _workspace.WriteRandom("source", 100_000);

        Assert.True(Remotes.Result(Remotes.Send(Send(shell))).Verified);
        Assert.True(Remotes.Result(Remotes.Receive(new ReceiveRequest
        {
            Source = _workspace["sent"],
            Hosts = [Host(shell)],
            Destination = _workspace["received"],
            Ssh = server.Options,
            Verify = true,
        })).Verified);

        Files.AssertSameBytes(_workspace["source"], _workspace["received"]);
    }

    public void Dispose() => _workspace.Dispose();

    private SendRequest Send(string shell) => new()
    {
        Source = _workspace["source"],
        Hosts = [Host(shell)],
        Destination = _workspace["sent"],
        Ssh = server.Options,
        Verify = true,
    };

    /// <summary>A host with variables that change tools, one that is of two lines, and one with the name of a variable of the script.</summary>
    private RemoteHost Host(string shell) => server.Host($"environment-{shell}",
        $$"""
        export TAR_OPTIONS="--exclude-vcs --exclude=*.bak" POSIXLY_CORRECT=1 GREP_OPTIONS=-v QUOTING_STYLE=c BLOCK_SIZE=1K
        export LC_ALL=C.UTF-8 LANG=C.UTF-8 TZ=Asia/Tokyo CDPATH=/ verify=1 acl=1 d=/nowhere
        export lines="first
        HOME=/nowhere
        PATH=/nowhere"
        exec {{(shell == "busybox" ? server.BusyboxCommand : $"{shell} -c")}} "$SSH_ORIGINAL_COMMAND"
        """);

    private void MakeTree()
    {
        Directory.CreateDirectory(_workspace["source/.git"]);
        _workspace.WriteRandom("source/.git/config", 100);
        _workspace.WriteRandom("source/old.bak", 100);
        _workspace.WriteRandom("source/a \"name\"", 100);
    }

    private void AssertSameTree(string copy) =>
        Assert.Equal(string.Empty, Command.Run("diff", "-r", _workspace["source"], _workspace[copy]).Text);
}
