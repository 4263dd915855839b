using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Streaming.Processes;

namespace Splice.Streaming.Remote;

/// <summary>One connection to each host for all files of a command (ControlMaster of ssh_config(5)): the first transfer opens it.
/// Remembers the hosts that cannot be reached. Thread-safe.</summary>
/// <remarks>If this process is killed, an idle connection is closed a minute later, and the folder of its socket is removed by the next
/// command that needs one.</remarks>
internal sealed class SharedConnections : IDisposable
{
    // The path of a socket has 107 characters (unix(7)), and ssh appends 17 of its own.
    private const int LongestFolder = 50;

    private const string Prefix = "splice-ssh-";

    private readonly string _parentPath = Path.GetTempPath();
    private readonly SafeFileHandle? _parent;
    private readonly SafeFileHandle? _handle; // locked
    private readonly FileName _name;
    private readonly ConcurrentDictionary<object, IReadOnlyList<string>> _options = [];
    private readonly ConcurrentDictionary<object, int> _unreachable = [];
    private int _lastSocket;

    public SharedConnections()
    {
        if (!CanHaveFolder() || !LibC.Open(_parentPath, LibC.O_RDONLY | LibC.O_DIRECTORY, out SafeFileHandle parent).Ok)
        {
            return; // each transfer has its own connection
        }

        _parent = parent;
        TemporaryFolders.RemoveLeft(
            parent, _parentPath, name => name.ToString().StartsWith(Prefix, StringComparison.Ordinal), CancellationToken.None, Close);
        if (TemporaryFolders.Create(parent, NewName, out _name, out SafeFileHandle handle).Ok)
        {
            _handle = handle;
        }
    }

    /// <summary>Returns the arguments of ssh that share the connection to a host.</summary>
    /// <param name="arguments">The other arguments, without the host.</param>
    public IReadOnlyList<string> OptionsFor(RemoteHost host, SshOptions options, IReadOnlyList<string> arguments) => _options.GetOrAdd(KeyOf(host), _ =>
    {
        // A connection that the user has opened may have taken a password, and is used as it is.
        bool isUsable = _handle is not null && !options.Settings.Keys.Any(name => name.StartsWith("Control", StringComparison.OrdinalIgnoreCase))
            && !Run([["-O", "check", .. arguments, "--", host.Name]]);
        string path = string.Create(CultureInfo.InvariantCulture, $"ControlPath={PathOf(_name)}/{Interlocked.Increment(ref _lastSocket)}");
        return isUsable ? ["-o", "ControlMaster=auto", "-o", path, "-o", "ControlPersist=60"] : [];
    });

    /// <summary>Leaves out the hosts that could not be reached before, and counts what they miss.</summary>
    public IReadOnlyList<RemoteHost> Reachable(IEnumerable<RemoteHost> hosts) => [.. hosts.Where(host =>
    {
        bool isReachable = !_unreachable.ContainsKey(KeyOf(host));
        if (!isReachable)
        {
            _unreachable.AddOrUpdate(KeyOf(host), 1, (_, count) => count + 1);
        }

        return isReachable;
    })];

    public void AddUnreachable(RemoteHost host) => _unreachable.TryAdd(KeyOf(host), 0);

    /// <summary>Returns the number of transfers that a host has missed because it could not be reached.</summary>
    public int Missed(RemoteHost host) => _unreachable.GetValueOrDefault(KeyOf(host));

    public void Dispose()
    {
        if (_handle is not null)
        {
            Close(_name);
            TemporaryFolders.Remove(_parent!, _parentPath, _name, CancellationToken.None);
            _handle.Dispose();
        }

        _parent?.Dispose();
    }

    private static FileName NewName() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Random.Shared.NextInt64():x16}");

    private string PathOf(FileName folder) => Path.Join(_parentPath, folder.ToString());

    /// <summary>Closes the connections of a folder of sockets. One that is not closed now ends a minute later.</summary>
    private void Close(FileName folder)
    {
        try
        {
            string[] sockets = [.. Directory.EnumerateFiles(PathOf(folder))];
            if (sockets.Length > 0)
            {
                Run([.. sockets.Select(socket => new[] { "-O", "exit", "-F", "/dev/null", "-o", $"ControlPath={socket}", "--", "host" })]);
            }
        }
        catch (Exception exception) when (exception is TransferException or IOException or UnauthorizedAccessException)
        {
        }
    }

    /// <summary>True if ssh takes the path of a socket in the folder.</summary>
    private bool CanHaveFolder() =>
        _parentPath.Length <= LongestFolder && _parentPath.All(c => char.IsAsciiLetterOrDigit(c) || "/._-".Contains(c, StringComparison.Ordinal));

    private static object KeyOf(RemoteHost host) => (host.Name, host.UserName, host.Port, host.KeyFilePath);

    /// <summary>Runs ssh for each list of arguments, and returns true if all succeeded.</summary>
    private static bool Run(IReadOnlyList<IReadOnlyList<string>> calls)
    {
        using var commands = new RunningCommands();
        using var output = SplicePipe.Create(Tuning.SmallestPipe);
        using var starter = new CommandStarter(SshSessions.Process, hasTerminal: false);
        var streams = new CommandStreams(null, output.WriteEnd, output.WriteEnd, MergesErrors: false);
        foreach (IReadOnlyList<string> arguments in calls)
        {
            commands.Add(starter.Start(SshCommand.Create(["-n", .. arguments]), streams, errors: null));
        }

        for (long started = Stopwatch.GetTimestamp(); commands.AreRunning && Stopwatch.GetElapsedTime(started) < Tuning.AnswerTimeout;)
        {
            commands.Wait([]);
        }

        return commands.Results().All(result => result.ExitCode == 0);
    }
}
