using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>The next transfer of the same kind removes what kill -9 leaves, and nothing in use.</summary>
[Collection(SerialCollection.Name)]
public sealed class LeftoverTests(SshServer server) : IDisposable
{
    private const string Foreign = ".splice-aaaaaaaaaaaaaaaa.tmp";

    private readonly Workspace _workspace = new();
    private readonly DirectoryInfo _temporary = Directory.CreateTempSubdirectory("t");

    /// <summary>Waits until a new file or folder is not taken for one that a shell is about to lock.</summary>
    private static void WaitUntilOld(string path) => Wait.Until(
        () => DateTimeOffset.UtcNow.ToUnixTimeSeconds() - long.Parse(Command.Check("stat", "-c", "%Z", path), CultureInfo.InvariantCulture) > 5,
        "It does not become older.");

    [Theory]
    [InlineData("dash", false)]
    [InlineData("bash", true)]
    public void Of_a_shell_on_a_host(string shell, bool isTree)
    {
        Command.Require("flock");
        string home = Directory.CreateDirectory(_workspace["home"]).FullName;
        SendRequest request = MakeRequest(isTree) with
        {
            Destination = Path.Combine(home, "item"),
            Hosts = [server.Host($"left-{Guid.NewGuid():N}", $"cd {home}; echo $$ > {_workspace["shell"]}; exec {shell} -c \"$SSH_ORIGINAL_COMMAND\"")],
        };
        bool isKilled = false;
        Assert.NotNull(Assert.Single(Remotes.Send(
            request with { RateLimit = new RateLimiter(2_000_000), IdleTimeout = TimeSpan.FromSeconds(3) },
            new TransferMonitor(progress =>
            {
                if (!isKilled && progress.BytesCopied > 500_000)
                {
                    isKilled = true;
                    Command.Check("kill", "-9", File.ReadAllText(_workspace["shell"]).Trim());
                }
            }))).Error);
        Wait.Until(() => !server.HasConnections() && Command.Run("fuser", home).Text.Length == 0, "Something still runs on the host.");
        string left = Assert.Single(Directory.GetFileSystemEntries(home));
        Assert.StartsWith(".splice-", Path.GetFileName(left), StringComparison.Ordinal);
        if (isTree)
        {
            // As a tar leaves what the source has so.
            File.SetUnixFileMode(Path.Combine(left, "tree/inner"), UnixFileMode.UserRead);
        }

        string[] others = [Path.Combine(home, Foreign), Path.Combine(home, ".splice-0123456789abcdefg.tmp"), Path.Combine(home, "splice-0123456789abcdef.tmp")];
        using SafeFileHandle locked = Posix.OpenWrite(others[0]);
        Assert.True(LibC.Lock(locked).Ok);
        Array.ForEach(others[1..], path => File.WriteAllText(path, "x"));
        WaitUntilOld(others[^1]);
        WaitUntilOld(left);

        Remotes.Result(Remotes.Send(request));

        Assert.Equal([.. others.Append(request.Destination).Order(StringComparer.Ordinal)], Directory.GetFileSystemEntries(home).Order(StringComparer.Ordinal));
        Assert.Equal(string.Empty, Command.Run("diff", "-r", request.Source, request.Destination).Text);
    }

    [Theory]
    [InlineData("dash", "[ \"$2\" != %Z ] || rm -f \"$3\"; exec /usr/bin/stat \"$@\"")]
    [InlineData("bash", "[ \"$2\" != %Z ] || rm -f \"$3\"; exec /usr/bin/stat \"$@\"")]
    [InlineData("dash", null)]
    public void One_that_disappears_or_cannot_be_examined_does_not_end_a_transfer(string shell, string? stat)
    {
        string home = Directory.CreateDirectory(_workspace["home"]).FullName;
        string tools = Directory.CreateDirectory(_workspace["tools"]).FullName;
        Command.Check("sh", "-c", $"ln -s /usr/bin/* {tools}/ && rm {tools}/stat");
        if (stat is not null)
        {
            File.WriteAllText(Path.Combine(tools, "stat"), $"#!/bin/sh\n{stat}\n");
            Command.Check("chmod", "755", Path.Combine(tools, "stat"));
        }

        File.WriteAllText(Path.Combine(home, Foreign), "x");
        SendRequest request = MakeRequest(isTree: false) with
        {
            Destination = Path.Combine(home, "item"),
            Hosts = [server.Host($"stat-{Guid.NewGuid():N}", $"PATH={tools} exec {shell} -c \"$SSH_ORIGINAL_COMMAND\"")],
        };

        Remotes.Result(Remotes.Send(request));

        Files.AssertSameBytes(request.Source, request.Destination);
        Assert.Equal(stat is null, File.Exists(Path.Combine(home, Foreign)));
    }

    [Fact]
    public void Of_a_process_that_receives_a_folder()
    {
        SendRequest request = MakeRequest(isTree: true);
        string target = Directory.CreateDirectory(_workspace["target"]).FullName;
        _workspace.Write("hold", []);
        RemoteHost slow = server.Host(
            $"left-{Guid.NewGuid():N}",
            $"bash -c \"$SSH_ORIGINAL_COMMAND\" | (head -c 1000000; while [ -e {_workspace["hold"]} ]; do sleep 0.1; done)");
        using (ChildProcess process = StartTransfer("receive,tree", request.Source, target, slow))
        {
            Wait.Until(() => Directory.GetFiles(target, "*", SearchOption.AllDirectories).Length > 0, "Nothing arrives.", () => process.EndReport);
            Command.Check("kill", "-9", process.Id);
            process.ReadToEnd();
        }

        File.Delete(_workspace["hold"]);
        Wait.Until(() => !server.HasConnections(), "A host still has a connection.");
        string left = Assert.Single(Directory.GetFileSystemEntries(target));
        string other = Directory.CreateDirectory(Path.Combine(target, Foreign)).FullName;
        using SafeFileHandle locked = Posix.Open(other, LibC.O_RDONLY | LibC.O_DIRECTORY);
        Assert.True(LibC.Lock(locked).Ok);

        Remotes.Result(Remotes.Receive(new ReceiveRequest
        {
            Source = request.Source,
            Hosts = [server.Host()],
            Destination = target,
            Ssh = server.SharedConnection,
            Recurse = true,
        }));

        Assert.False(Directory.Exists(left));
        Assert.Equal([other, Path.Combine(target, "source")], Directory.GetFileSystemEntries(target).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Of_a_process_with_one_connection_for_several_files()
    {
        SendRequest request = MakeRequest(isTree: false);
        File.Copy(request.Source, request.Source + "-2");
        Directory.CreateDirectory(_workspace["target"]);
        RemoteHost host = server.Host($"left-{Guid.NewGuid():N}", "bash -c \"$SSH_ORIGINAL_COMMAND\"");
        _workspace.Write("hold", []);
        RemoteHost slow = server.Host(
            $"left-{Guid.NewGuid():N}", $"while [ -e {_workspace["hold"]} ]; do sleep 0.1; done; bash -c \"$SSH_ORIGINAL_COMMAND\"");
        using (ChildProcess process = StartTransfer("send,several", request.Source, _workspace["target"], slow))
        {
            Wait.Until(
                () => _temporary.GetDirectories("splice-ssh-*").SelectMany(folder => folder.GetFiles()).Any(),
                "The connection is missing.",
                () => process.EndReport);
            Command.Check("kill", "-9", process.Id);
            process.ReadToEnd();
        }

        File.Delete(_workspace["hold"]);
        string left = Assert.Single(_temporary.GetDirectories()).FullName;
        string other = _temporary.CreateSubdirectory("splice-ssh-other").FullName;
        using SafeFileHandle locked = Posix.Open(other, LibC.O_RDONLY | LibC.O_DIRECTORY);
        Assert.True(LibC.Lock(locked).Ok);
        using (ChildProcess process = StartTransfer("send,several", request.Source, _workspace["target"], host))
        {
            Assert.Equal("done", process.ReadToEnd().Trim());
        }

        Assert.Equal([other], _temporary.GetDirectories().Select(folder => folder.FullName));
        Wait.Until(() => !server.HasConnections() && Command.Run("pgrep", "-f", left).Text.Length == 0, "A connection stays.");
    }

    public void Dispose()
    {
        _workspace.Dispose();
        _temporary.Delete(recursive: true);
    }

    private SendRequest MakeRequest(bool isTree)
    {
        if (isTree)
        {
            Directory.CreateDirectory(_workspace["source/inner"]);
            for (int i = 0; i < 60; i++)
            {
                _workspace.WriteRandom(string.Create(CultureInfo.InvariantCulture, $"source/inner/{i}"), 50_000, seed: i);
            }
        }
        else
        {
            _workspace.WriteRandom("source", 3_000_000);
        }

        return new SendRequest { Source = _workspace["source"], Hosts = [], Destination = _workspace["target"], Ssh = server.Options, Recurse = isTree };
    }

    private ChildProcess StartTransfer(string words, string source, string target, RemoteHost host)
    {
        ChildProcess process = TestHost.StartServer(
            ["env", $"TMPDIR={_temporary.FullName}"], "--transfer", words, source, target, server.KeyPath, server.Options.Settings["UserKnownHostsFile"], host.Text);
        process.WriteLine("go");
        return process;
    }
}
