using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

[assembly: AssemblyFixture(typeof(SshServer))]

namespace Splice.TestKit.Hosts;

/// <summary>A real sshd of the tests' own, with keys, users' keys and known hosts of its own, on ports of the loopback. Each port
/// is a host of its own kind: what a shell there is, and what becomes of commands.</summary>
public sealed class SshServer : IDisposable
{
    private const string SshdPath = "/usr/sbin/sshd";

    private readonly Workspace _workspace = new();
    private readonly List<ChildProcess> _servers = [];
    private readonly HashSet<ChildProcess> _connected = [];
    private readonly Dictionary<string, int> _ports = [];
    private readonly object _lock = new();

    /// <summary>The shells that the hosts' scripts are run with, for theories: each in a full run.</summary>
    public static TheoryData<string> Shells => FullRun.IsRequested ? ["bash", "dash", "busybox"] : ["busybox"];

    /// <summary>The user's private key.</summary>
    public string KeyPath => _workspace["user-key"];

    /// <summary>What every connection needs.</summary>
    public SshOptions Options => new()
    {
        KeyFilePath = KeyPath,
        Settings = new Dictionary<string, string>
        {
            ["UserKnownHostsFile"] = _workspace["known-hosts"],
            ["IdentitiesOnly"] = "yes",
            ["GlobalKnownHostsFile"] = "/dev/null",
        },
    };

    /// <summary>The same, over the connection that stays open to a host of each shell: to others there are new ones.</summary>
    public SshOptions SharedConnection => Options with
    {
        Settings = new Dictionary<string, string>(Options.Settings) { ["ControlPath"] = _workspace["c-%p"] },
    };

    /// <summary>Runs a command, which follows, where there is nothing but busybox.</summary>
    public string BusyboxCommand => $"env PATH={Applets()} {Applets()}/sh -c";

    /// <summary>The same, with one connection for all that is sent and received to and from a host.</summary>
    /// <param name="workspace">Where the connection's socket is.</param>
    public SshOptions SharedOptions(Workspace workspace) => Options with
    {
        Settings = new Dictionary<string, string>(Options.Settings)
        {
            ["ControlMaster"] = "auto",
            ["ControlPath"] = workspace["c"],
            ["ControlPersist"] = "5",
        },
    };

    /// <summary>Skips the test where there is no sshd, or nobody may run one.</summary>
    public static void Require()
    {
        Assert.SkipUnless(File.Exists(SshdPath), "sshd is not installed (openssh-server)");
        Command.Require("ssh", "ssh-keygen", "busybox", "dash", "bash");
        Command.RequireRoot();
    }

    /// <summary>A host whose login runs commands with this shell: dash, bash or busybox.</summary>
    public RemoteHost Host(string shell = "bash") => Open(shell, shell switch
    {
        "busybox" => $"exec {BusyboxCommand} \"$SSH_ORIGINAL_COMMAND\"",
        "dash" => $"exec env PATH={Links()}:$PATH {Links()}/sh -c \"$SSH_ORIGINAL_COMMAND\"",
        _ => "exec bash -c \"$SSH_ORIGINAL_COMMAND\"",
    }, network: null, isShared: true);

    /// <summary>A host where something else is run than what was asked for.</summary>
    /// <param name="name">What the kind is called.</param>
    /// <param name="command">What is run, by a POSIX shell; the command asked for is in $SSH_ORIGINAL_COMMAND.</param>
    /// <param name="network">Where it is, if not on this machine's loopback.</param>
    /// <param name="banner">What it sends before the user is authenticated.</param>
    public RemoteHost Host(string name, string command, RemoteNetwork? network = null, string? banner = null) => Open(name, command, network, isShared: false, banner);

    private RemoteHost Open(string name, string command, RemoteNetwork? network, bool isShared, string? banner = null)
    {
        Require();
        string address = network?.Address ?? "127.0.0.1";
        lock (_lock)
        {
            if (!_ports.TryGetValue(name, out int port))
            {
                _ports[name] = port = Start(name, command, address, network?.Enter ?? [], banner);
                if (isShared)
                {
                    Connect(port);
                }
            }

            return RemoteHost.Parse(string.Create(CultureInfo.InvariantCulture, $"{address}:{port}"));
        }
    }

    /// <summary>True if there is a connection to one of the hosts, apart from those that stay open.</summary>
    public bool HasConnections()
    {
        string[] ids;
        lock (_lock)
        {
            ids = [.. _servers.Except(_connected).Where(server => !server.HasExited).Select(server => server.Id)];
        }

        return Command.Run("pgrep", "-P", string.Join(',', ids)).Text.Length > 0;
    }

    public void Dispose()
    {
        _servers.ForEach(server => server.Dispose());
        _workspace.Dispose();
    }

    /// <summary>A port that nobody listens to.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private string Applets()
    {
        Require();
        Command.Require("busybox");
        string folder = _workspace["applets"];
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            Command.Check("busybox", "--install", "-s", folder);
        }

        return folder;
    }

    private string Links()
    {
        Require();
        Command.Require("dash");
        string folder = _workspace["dash"];
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            File.CreateSymbolicLink(Path.Combine(folder, "sh"), Command.Check("sh", "-c", "command -v dash"));
        }

        return folder;
    }

    private int Start(string name, string command, string address, string[] wrapper, string? banner)
    {
        if (!File.Exists(KeyPath))
        {
            Command.Check("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KeyPath);
            Command.Check("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", _workspace["host-key"]);
            File.Copy(KeyPath + ".pub", _workspace["authorized-keys"]);
        }

        Directory.CreateDirectory("/run/sshd");
        int port = FreePort();
        string script = _workspace.Write($"{name}.sh", System.Text.Encoding.UTF8.GetBytes($"#!/bin/bash\n{command}\n"));
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        // The login files of the user that runs the tests have no part in them: some start tools that wait for each other.
        string configuration = string.Create(CultureInfo.InvariantCulture,
            $"""
            Port {port}
            ListenAddress {address}
            HostKey {_workspace["host-key"]}
            PidFile none
            AuthorizedKeysFile {_workspace["authorized-keys"]}
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin yes
            StrictModes no
            UsePAM no
            KexAlgorithms curve25519-sha256
            KexAlgorithms curve25519-sha256
            MaxStartups 300
            MaxSessions 300
            LogLevel QUIET
            SetEnv HOME={_workspace.Folder}
            ForceCommand {script}
            Banner {(banner is null ? "none" : _workspace.Write($"{name}.banner", System.Text.Encoding.UTF8.GetBytes(banner)))}

            """);
        string path = _workspace.Write($"{name}.conf", System.Text.Encoding.UTF8.GetBytes(configuration));
        string key = string.Join(' ', File.ReadAllText(_workspace["host-key"] + ".pub").Split(' ').Take(2));
        File.AppendAllText(_workspace["known-hosts"], string.Create(CultureInfo.InvariantCulture, $"[{address}]:{port} {key}\n"));
        var server = new ChildProcess([.. wrapper, SshdPath, "-D", "-r", "-e", "-f", path]);
        _servers.Add(server);
        WaitForPort(server, port);
        return port;
    }

    /// <summary>Opens the connection that is shared.</summary>
    private void Connect(int port)
    {
        Command.Check("ssh", [
            "-f", "-N", "-M", "-F", "/dev/null", "-i", KeyPath, "-p", port.ToString(CultureInfo.InvariantCulture),
            .. SharedConnection.Settings.SelectMany(setting => new[] { "-o", $"{setting.Key}={setting.Value}" }), "127.0.0.1"]);
        _connected.Add(_servers[^1]);
    }

    private static void WaitForPort(ChildProcess server, int port)
    {
        string listening = string.Create(CultureInfo.InvariantCulture, $":{port:X4} 00000000:0000 0A");
        for (int i = 0; ; i++)
        {
            Assert.True(i < 2000, "sshd does not listen");
            if (server.HasExited)
            {
                Assert.Fail($"sshd has ended: {server.Errors}");
            }

            // A connection to see it would cost a process of sshd.
            if (File.ReadLines($"/proc/{server.Id}/net/tcp").Any(line => line.Contains(listening, StringComparison.Ordinal)))
            {
                return;
            }

            Thread.Sleep(10);
        }
    }
}
