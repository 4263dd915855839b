using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Ctrl+C, and kill -9 of the process, of ssh, and of the shell on the host, at random moments: each file is the old one or the
/// new one, as soon as nothing runs there any more, and nothing but what kill -9 keeps from being removed is left.</summary>
[Collection(SerialCollection.Name)]
public sealed class KilledTransferTests(SshServer server, ITestOutputHelper output) : IDisposable
{
    private const int FileCount = 30;

    private static readonly string[] Transfers =
    [
        "send", "send,verify", "send,delta", "receive,delta", "send,tree", "send,tree,verify", "send,tree,merge", "send,tree,merge,update",
        "send,tree,merge,update,mirror", "receive,tree,merge,update,mirror", "send,tree,merge,resume", "receive,tree,merge,resume",
        "receive", "receive,verify", "receive,tree", "receive,tree,verify", "receive,tree,merge",
    ];

    private static readonly string[] Ways = ["Ctrl+C", "process", "ssh", "shell"];

    private readonly Workspace _workspace = new();
    private readonly Dictionary<string, TimeSpan> _times = [];
    private readonly SortedDictionary<string, int> _ends = new(StringComparer.Ordinal);

    private string Source => _workspace["source/item"];

    private string Target => _workspace["home/item"];

    [Fact]
    public void Files_are_old_or_new()
    {
        SshServer.Require();
        var random = new Random(FullRun.Seed(output));
        RemoteHost host = server.Host(
            $"killed-{Guid.NewGuid():N}", $"cd {_workspace["home"]}; echo $$ > {_workspace["shell"]}; exec dash -c \"$SSH_ORIGINAL_COMMAND\"");
        int first = random.Next(Transfers.Length);
        for (int round = 0; round < FullRun.Rounds(everyday: 5, full: 100); round++)
        {
            string transfer = Transfers[(first + round) % Transfers.Length];
            string way = Ways[random.Next(Ways.Length)];
            if (!_times.TryGetValue(transfer, out TimeSpan time))
            {
                _times[transfer] = time = Run(transfer, host, exists: transfer.Contains("mirror", StringComparison.Ordinal) || transfer.Contains("delta", StringComparison.Ordinal), way: null, TimeSpan.Zero, new Random(0));
            }

            bool exists = transfer.Contains("merge", StringComparison.Ordinal) || transfer.Contains("delta", StringComparison.Ordinal) || (random.Next(2) == 0 && !transfer.Contains("tree", StringComparison.Ordinal));
            TimeSpan after = time * random.NextDouble();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{round}: {transfer}, {way} after {after.TotalMilliseconds:F0} ms"));
            Run(transfer, host, exists, way, after, random);
        }

        foreach ((string end, int times) in _ends)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{times,4} {end}"));
        }
    }

    public void Dispose() => _workspace.Dispose();

    /// <summary>Runs a transfer, interrupts it, and looks at what there is. Returns how long it ran.</summary>
    private TimeSpan Run(string transfer, RemoteHost host, bool exists, string? way, TimeSpan after, Random random)
    {
        bool isTree = transfer.Contains("tree", StringComparison.Ordinal);
        foreach (string folder in new[] { "source", "home" })
        {
            Command.Check("rm", "-rf", _workspace[folder]);
            Directory.CreateDirectory(_workspace[folder]);
        }

        File.Delete(_workspace["shell"]);
        Dictionary<string, byte[]> fresh = Make(Source, isTree, random, first: 0);
        Dictionary<string, byte[]> old = !exists ? []
            : transfer.Contains("delta", StringComparison.Ordinal) ? MakeVersion(Target, fresh["."], random)
            : Make(Target, isTree, random, first: FileCount / 3);
        bool isMirror = transfer.Contains("mirror", StringComparison.Ordinal);
        if (isMirror)
        {
            // What a link leads to is not removed with it.
            Directory.CreateDirectory(_workspace["outside"]);
            File.WriteAllText(_workspace["outside/file"], "outside");
            File.CreateSymbolicLink(Path.Combine(Target, "4/link"), _workspace["outside"]);
        }

        using ChildProcess process = TestHost.StartServer(
            [], "--transfer", transfer, Source, _workspace["home"], server.KeyPath, server.Options.Settings["UserKnownHostsFile"], host.Text);
        long started = Stopwatch.GetTimestamp();
        process.WriteLine("go");
        if (way is not null)
        {
            Thread.Sleep(after);
            Interrupt(process, way);
        }

        string end = process.ReadToEnd().Trim();
        TimeSpan time = Stopwatch.GetElapsedTime(started);
        Wait.Until(() => !server.HasConnections() && !IsInUse(_workspace["home"]), "Something still runs on the host.");
        AssertOldOrNew(isTree, fresh, old, isComplete: end == "done", isMirror);
        if (isMirror)
        {
            Assert.Equal("outside", File.ReadAllText(_workspace["outside/file"]));
        }

        if ((isMirror || transfer.Contains("resume", StringComparison.Ordinal)) && way is not null)
        {
            AssertCompletes(transfer, host, fresh, old, isMirror);
        }

        AssertNoLitter(isKilled: way == (transfer.StartsWith("send", StringComparison.Ordinal) ? "shell" : "process"));
        end = $"{way ?? "none"}: {(way == "process" ? "killed" : end.Split(':')[0])}";
        _ends[end] = _ends.GetValueOrDefault(end) + 1;
        Assert.True(way is not null || time > TimeSpan.Zero && end == "none: done", end);
        return time;
    }

    /// <summary>The same transfer completes what was interrupted.</summary>
    private void AssertCompletes(string transfer, RemoteHost host, Dictionary<string, byte[]> fresh, Dictionary<string, byte[]> old, bool isMirror)
    {
        using ChildProcess process = TestHost.StartServer(
            [], "--transfer", transfer, Source, _workspace["home"], server.KeyPath, server.Options.Settings["UserKnownHostsFile"], host.Text);
        process.WriteLine("go");
        Assert.Equal("done", process.ReadToEnd().Trim());
        AssertOldOrNew(isTree: true, fresh, isMirror ? [] : old, isComplete: true, isMirror);
        if (isMirror)
        {
            Assert.False(Directory.Exists(Path.Combine(Target, "4/link")));
            Assert.Equal("outside", File.ReadAllText(_workspace["outside/file"]));
        }
    }

    private void Interrupt(ChildProcess process, string way)
    {
        string victim = way switch
        {
            "ssh" => Command.Run("pgrep", "-P", process.Id, "-x", "ssh").Text,
            "shell" => File.Exists(_workspace["shell"]) ? File.ReadAllText(_workspace["shell"]) : string.Empty,
            _ => process.Id,
        };
        if (victim.Trim().Length > 0)
        {
            // It may have ended.
            Command.Run("kill", way == "Ctrl+C" ? "-INT" : "-9", victim.Trim());
        }
    }

    private void AssertOldOrNew(bool isTree, Dictionary<string, byte[]> fresh, Dictionary<string, byte[]> old, bool isComplete, bool isMirror)
    {
        string[] found = File.Exists(Target) ? [Target]
            : Directory.Exists(Target) ? Directory.GetFiles(Target, "*", SearchOption.AllDirectories) : [];
        Dictionary<string, byte[]> now = found.Where(path => !path.Contains("/.splice-", StringComparison.Ordinal) && !path.Contains("/link", StringComparison.Ordinal)).ToDictionary(path => Path.GetRelativePath(Target, path), File.ReadAllBytes);
        Assert.All(now, file => Assert.True(Is(fresh, file) || Is(old, file), $"{file.Key} is neither the old file nor the new one"));
        Assert.All(isMirror ? old.Keys.Intersect(fresh.Keys).Where(_ => !isComplete) : old.Keys, name => Assert.True(now.ContainsKey(name), $"{name} has vanished"));
        int arrived = now.Count(file => Is(fresh, file));
        Assert.True(arrived == fresh.Count || !isComplete, "not everything arrived");
        Assert.True(!isComplete || !isMirror || now.Count == fresh.Count, "something is left");
        Assert.True(arrived == fresh.Count || arrived == 0 || (isTree && old.Count > 0), $"{arrived} of {fresh.Count} files");

        static bool Is(Dictionary<string, byte[]> version, KeyValuePair<string, byte[]> file) =>
            version.TryGetValue(file.Key, out byte[]? content) && content.AsSpan().SequenceEqual(file.Value);
    }

    /// <summary>A process that writes and is killed cannot remove its temporary files, whose names say what they are.</summary>
    private void AssertNoLitter(bool isKilled)
    {
        Assert.All(
            Directory.GetFileSystemEntries(_workspace["home"]).Select(path => Path.GetFileName(path)).Where(name => name != "item"),
            name => Assert.StartsWith(".splice-", name, StringComparison.Ordinal));
        string[] temporary = Directory.GetFileSystemEntries(_workspace["home"], ".splice-*", SearchOption.AllDirectories);
        Assert.True(isKilled || temporary.Length == 0, $"left: {string.Join(", ", temporary)}");
    }

    /// <summary>Makes a file or folder, and returns the content of its files.</summary>
    private static Dictionary<string, byte[]> Make(string path, bool isTree, Random random, int first)
    {
        Dictionary<string, byte[]> files = [];
        for (int i = first; i < first + (isTree ? FileCount : 1); i++)
        {
            string name = isTree ? string.Create(CultureInfo.InvariantCulture, $"{i % 5}/{i}") : ".";
            byte[] content = new byte[isTree && i % 10 > 0 ? random.Next(30_000) : random.Next(2_000_000, 4_000_000)];
            random.NextBytes(content);
            string file = isTree ? Path.Combine(path, name) : path;
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, content);
            files[name] = content;
        }

        return files;
    }

    /// <summary>Makes an older version of a file, in which some bytes differ.</summary>
    private static Dictionary<string, byte[]> MakeVersion(string path, byte[] content, Random random)
    {
        byte[] old = [.. content];
        for (int i = 0; i < 10; i++)
        {
            old[random.Next(old.Length)] ^= 1;
        }

        File.WriteAllBytes(path, old);
        return new() { ["."] = old };
    }

    /// <summary>True if a process works in a folder: the shell of the host, and what it runs.</summary>
    private static bool IsInUse(string folder) => Directory.GetDirectories("/proc").Any(process =>
    {
        try
        {
            return File.ResolveLinkTarget(Path.Combine(process, "cwd"), returnFinalTarget: false)?.FullName.StartsWith(folder, StringComparison.Ordinal) == true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // it has ended
        }
    });
}
