using Splice.Streaming.Remote;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Names and values that a shell would run, if it ever saw them as anything but data. Each would make the canary.</summary>
public sealed class HostileTextTests(SshServer server) : IDisposable
{
    private readonly Workspace _workspace = new();

    private string Canary => _workspace["canary"];

    [Theory]
    [MemberData(nameof(SshServer.Shells), MemberType = typeof(SshServer))]
    public void Names_of_files_are_data_there_and_back(string shell)
    {
        SshServer.Require();
        string there = Directory.CreateDirectory(_workspace["there"]).FullName;
        string here = Directory.CreateDirectory(_workspace["here"]).FullName;
        string content = _workspace.WriteRandom("content", 1000);

        // One connection for all: only what runs over it is of interest.
        SshOptions ssh = server.Options with
        {
            Settings = new Dictionary<string, string>(server.Options.Settings)
            {
                ["ControlMaster"] = "auto",
                ["ControlPath"] = _workspace["c"],
                ["ControlPersist"] = "5",
            },
        };
        RemoteHost host = server.Host($"hostile-{shell}", $"cd $(cat {_workspace["none"]} 2>/dev/null) {there}; exec {(shell == "busybox" ? "busybox sh" : shell)} -c \"$SSH_ORIGINAL_COMMAND\"");
        int part = Array.IndexOf(["bash", "dash", "busybox"], shell);
        foreach (string name in Names().Where((_, i) => i % FullRun.Count(everyday: 60, full: 3) == part))
        {
            // Where the destination is a folder it is the source's name that goes over, else the path.
            bool isFolder = name.Length % 2 == 0;
            string source = Path.Combine(here, name);
            File.Copy(content, source, overwrite: true);
            Remotes.Result(Remotes.Send(new SendRequest
            {
                Source = isFolder ? source : content,
                Hosts = [host],
                Destination = isFolder ? "." : name,
                Ssh = ssh,
                Resume = isFolder,
                NoClobber = !isFolder,
                Verify = true,
            }));
            Assert.Equal(File.ReadAllBytes(content), File.ReadAllBytes(Path.Combine(there, name)));
            File.Delete(source);
            Remotes.Result(Remotes.Receive(new ReceiveRequest { Source = name, Hosts = [host], Destination = here, Ssh = ssh, Verify = true }));
            Assert.Equal(File.ReadAllBytes(content), File.ReadAllBytes(source));
            File.Delete(source);
            File.Delete(Path.Combine(there, name));
            Assert.False(File.Exists(Canary), name);
            Assert.Empty(Directory.GetFileSystemEntries(there));
        }
    }

    [Fact]
    public void There_are_enough_of_them() => Assert.InRange(Names().Distinct().Count(), 200, 1000);

    [Fact]
    public void Hosts_and_users_are_refused_before_ssh_sees_them()
    {
        foreach (string name in Names())
        {
            Assert.Equal(TransferErrorId.InvalidHostName, Assert.Throws<TransferException>(() => RemoteHost.Parse(name)).Id);
            Assert.Equal(TransferErrorId.InvalidHostName, Assert.Throws<TransferException>(() => RemoteHost.Parse($"{name}@127.0.0.1")).Id);
            Assert.Equal(TransferErrorId.InvalidHostName, Assert.Throws<TransferException>(() => RemoteHost.Parse("127.0.0.1", userName: name)).Id);
            Assert.Equal(TransferErrorId.InvalidHostName, Assert.Throws<TransferException>(() => RemoteHost.Parse($"127.0.0.1:{name}")).Id);
        }
    }

    [Fact]
    public void Keys_and_settings_are_data()
    {
        RemoteHost host = server.Host();
        var nobody = RemoteHost.Parse("127.0.0.1", port: SshServer.FreePort());
        string source = _workspace.WriteRandom("source", 10);
        foreach (string name in Names())
        {
            var request = new SendRequest { Source = source, Hosts = [host], Destination = _workspace["target"] };
            Fails(request with { Ssh = server.Options with { KeyFilePath = _workspace[name] }, Hosts = [nobody] });
            Fails(request with { Ssh = With("LogLevel", name) });
            Fails(request with { Ssh = With(name, "yes") });
        }

        Assert.False(File.Exists(Canary));

        void Fails(SendRequest request) => Assert.NotNull(Assert.Single(Remotes.Send(request)).Error);

        SshOptions With(string name, string value) =>
            server.Options with { Settings = new Dictionary<string, string>(server.Options.Settings) { [name] = value } };
    }

    [Fact]
    public void A_key_with_a_hostile_name_is_used()
    {
        RemoteHost host = server.Host();
        string key = _workspace["$(touch canary) ; key '\" &"];
        File.Copy(server.KeyPath, key);
        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        string source = _workspace.WriteRandom("source", 10);
        Remotes.Result(Remotes.Send(new SendRequest
        {
            Source = source,
            Hosts = [host],
            Destination = _workspace["target"],
            Ssh = server.Options with { KeyFilePath = key },
        }));
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(_workspace["target"]));
    }

    [Fact]
    public void What_no_name_can_be_is_refused()
    {
        var host = RemoteHost.Parse("127.0.0.1");
        string source = _workspace.WriteRandom("source", 10);
        foreach (string path in new[] { "a\0b", "a\ud800b", string.Empty })
        {
            Assert.Equal(TransferErrorId.InvalidPath, Assert.Throws<TransferException>(
                () => Remotes.Send(new SendRequest { Source = source, Hosts = [host], Destination = path })).Id);
            Assert.Equal(TransferErrorId.InvalidPath, Assert.Throws<TransferException>(
                () => Remotes.Receive(new ReceiveRequest { Source = path, Hosts = [host], Destination = _workspace.Folder })).Id);
        }
    }

    [Theory]
    [InlineData("", "''")]
    [InlineData("a b", "'a b'")]
    [InlineData("it's", @"'it'\''s'")]
    [InlineData("$x`y`\\", "'$x`y`\\'")]
    public void Quoting_leaves_nothing_to_the_shell(string text, string quoted) => Assert.Equal(quoted, HostScript.Quote(text));

    public void Dispose() => _workspace.Dispose();

    /// <summary>Ways to run "touch canary", in a relative and an absolute form, among the characters that shells know.</summary>
    private IEnumerable<string> Names()
    {
        // A name has no slash: the shell would make the canary in the folder where it is, or find its path in an octal escape.
        string octal = _workspace["canary"].Replace("/", "$(printf \"\\057\")", StringComparison.Ordinal);
        string[] commands = ["touch canary", $"touch {octal}", "touch${IFS}canary", ">canary"];
        string[] wraps =
        [
            "$({0})", "`{0}`", ";{0};", "|{0}", "&{0}&", "&&{0}", "||{0}", "\n{0}\n", "'{0}'", "'$({0})'", "'\"$({0})\"'", "\"$({0})\"",
            "\\$({0})", "'\\''$({0})'\\''", "-{0};", "--$({0})", "-e $({0})", "$'{0}'", "<({0})", "{{{0};}}", "*$({0})", "?;{0}", "~;{0}",
            "!{0}", "#\n{0}", "é$({0})", "日本;{0};", "😀`{0}`", " {0} ;", "\t;{0}", "\r\n{0}", "$(({0}))", "${{x:-$({0})}}", "a=b;{0}", "%s$({0})",
            "\\n{0}", "end:;{0}", "splice-ready 0 0\n{0}", "]];{0};[[", ");{0};(", "';{0};'", "\";{0};\"", "'\n{0}\n'", "\\';{0};\\'", "x\\\n;{0}",
            "case x in x) {0};; esac", "of=x;{0}", "-- ;{0}", "$0;{0}", "$@;{0}", "\u0001;{0}", "\u007f;{0}", "[$({0})]",
        ];
        return wraps.SelectMany(wrap => commands.Select(command => string.Format(System.Globalization.CultureInfo.InvariantCulture, wrap, command)))
            .Where(name => System.Text.Encoding.UTF8.GetByteCount(name) < 200);
    }
}
