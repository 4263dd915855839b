using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>The shells that users log in with, and names that one or another of them reads in a way of its own. Not all of them
/// are POSIX shells.</summary>
public sealed class LoginShellTests(SshServer server) : IDisposable
{
    // "a\\b" and "it's" are quoted in another way in fish, "a!b" is the history of csh, and a newline ends its words.
    private static readonly string[] Names =
        [@"a\\b", @"a\'b", "it's", "new\nline", "-rf", "a!b", "!!", "$HOME", "~x", "%self", "a;b", "{a,b}", "*", "?[a]", "\"q\"", "`x`", "^a^b", "é日\u0001\u007f", " a  b ", @"\n\0101", "#"];

    private static readonly string All = $"-{string.Concat(Names)}";

    private readonly Workspace _workspace = new();

    public static TheoryData<string> Shells => ["sh", "dash", "bash", "zsh", "fish", "tcsh", "csh", "busybox sh"];

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_file_is_sent_and_received(string shell)
    {
        RemoteHost host = Host(shell);
        string source = _workspace.WriteRandom("source", 1000);
        string[] names = FullRun.IsRequested ? [All, .. Names] : [All, .. Names.Take(3)];
        foreach (string name in names)
        {
            Remotes.Result(Remotes.Send(new SendRequest { Source = source, Hosts = [host], Destination = name, Ssh = server.SharedOptions(_workspace), Verify = true }));
            Files.AssertSameBytes(source, _workspace[$"there/{name}"]);
            Remotes.Result(Remotes.Receive(new ReceiveRequest
            {
                Source = name,
                Hosts = [host],
                Destination = _workspace["received"],
                Ssh = server.SharedOptions(_workspace),
                Verify = true,
            }));
            Files.AssertSameBytes(source, _workspace["received"]);
        }

        Assert.Equal(names.Order(StringComparer.Ordinal), Directory.GetFiles(_workspace["there"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_folder_is_sent_and_received(string shell)
    {
        RemoteHost host = Host(shell);
        foreach (string name in Names)
        {
            Directory.CreateDirectory(_workspace[$"tree/{name}"]);
            _workspace.WriteRandom($"tree/{name}/{name}", 1000);
        }

        foreach (string name in new[] { All })
        {
            Remotes.Result(Remotes.Send(new SendRequest
            {
                Source = _workspace["tree"],
                Hosts = [host],
                Destination = name,
                Ssh = server.SharedOptions(_workspace),
                Recurse = true,
                Verify = true,
            }));
            Remotes.Result(Remotes.Receive(new ReceiveRequest
            {
                Source = name,
                Hosts = [host],
                Destination = _workspace["received"],
                Ssh = server.SharedOptions(_workspace),
                Recurse = true,
                Verify = true,
            }));
            Assert.Equal(string.Empty, Command.Run("diff", "-r", _workspace["tree"], _workspace["received"]).Text);
            Directory.Delete(_workspace["received"], recursive: true);
        }
    }

    public void Dispose() => _workspace.Dispose();

    private RemoteHost Host(string shell)
    {
        Command.Require(shell.Split(' ')[0], "diff");
        string there = Directory.CreateDirectory(_workspace["there"]).FullName;
        return server.Host($"login-{Guid.NewGuid():N}", $"cd {there}; exec {shell} -c \"$SSH_ORIGINAL_COMMAND\"");
    }
}
