using System.Globalization;
using Xunit;

namespace Splice.Tests.Streaming.Remote.Resume;

/// <summary>A folder whose transfer is cut at a random byte: with -Resume, the files that have arrived stay, each whole, and the same
/// request transfers the others.</summary>
public sealed class ResumedFolderTests(SshServer server, ITestOutputHelper output) : IDisposable
{
    private const int Files = 40;
    private const int Size = 50_000;
    private const int All = Files * Size;

    // The script, the headers, and what is on its way.
    private const int Lost = 300_000;

    // The script, the lists, the headers, and the padding of tar: one record before the host has everything, and one with the commit.
    private const int Overhead = 130_000 + (2 * 120 * 512);

    private readonly Workspace _workspace = new();

    public static TheoryData<bool, string, bool, bool> Kinds => new()
    {
        // sent, shell, merged, verified
        { true, "bash", false, false },
        { true, "dash", true, true },
        { true, "busybox", true, false },
        { true, "busybox", false, true },
        { false, "bash", true, false },
        { false, "dash", false, true },
        { false, "busybox", false, false },
    };

    private string Source => _workspace["source"];

    // A missing folder that the copy becomes; by default the source goes into an existing one.
    private string _name = "source";

    private string Target => _workspace[$"target/{_name}"];

    private string[] Markers => Directory.GetFiles(_workspace["target"], "*.splice-partial");

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_has_arrived_is_not_transferred_again(bool isSent, string shell, bool isMerged, bool verify)
    {
        var random = new Random(FullRun.Seed(output));
        Make(Source, seed: 1);
        if (isMerged)
        {
            Make(Target, seed: 1000);
            Directory.GetFiles(Target, "*", SearchOption.AllDirectories).ToList().ForEach(path => File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch));
        }

        int cut = random.Next(All / 5, All * 9 / 10);
        RemoteRequest request = Request(isSent, shell, verify, cut);
        TransferException error = Remotes.Error(Run(request), TransferErrorId.ConnectionFailed);
        Assert.Contains("-Resume continues", error.RecommendedAction, StringComparison.Ordinal);
        WaitForHost();

        int arrived = AssertOldOrNew(isMerged);
        output.WriteLine($"{cut} of {All} bytes: {arrived} of {Files} files");
        Assert.InRange(arrived * Size, Math.Max(0, cut - Lost), cut);

        RemoteTransferResult result = Remotes.Result(Run(request with { Ssh = Count(isSent) }));

        Assert.Equal((All - (arrived * Size), arrived), (result.BytesSent, result.Unchanged));
        Assert.InRange(new FileInfo(_workspace["wire"]).Length, result.BytesSent, result.BytesSent + Overhead);
        Assert.Equal(verify, result.Verified);
        Assert.Equal(Files, AssertOldOrNew(isMerged: true));
        Assert.Equal(string.Empty, Command.Run("diff", "-r", Source, Target).Text);
    }

    /// <summary>Bytes that a file does not have any more are found.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void With_Verify_what_has_arrived_is_compared(bool isSent)
    {
        Make(Source, seed: 1);
        RemoteRequest request = Request(isSent, "bash", verify: true, All / 2);
        Remotes.Error(Run(request), TransferErrorId.ConnectionFailed);
        WaitForHost();
        string first = Directory.GetFiles(Target, "*", SearchOption.AllDirectories).First(path => new FileInfo(path).Length == Size);
        DateTime time = File.GetLastWriteTimeUtc(first);
        File.WriteAllBytes(first, new byte[Size]);
        File.SetLastWriteTimeUtc(first, time);

        Assert.Equal(1, Remotes.Result(Run(request with { Ssh = server.Options })).Updated);

        Assert.Equal(string.Empty, Command.Run("diff", "-r", Source, Target).Text);
    }

    /// <summary>As a local copy does: the folder that the interrupted transfer has created is the copy, and not a folder for it.</summary>
    [Theory]
    [InlineData(true, "bash", true)]
    [InlineData(true, "dash", false)]
    [InlineData(true, "busybox", true)]
    [InlineData(false, "bash", true)]
    [InlineData(false, "busybox", false)]
    public void A_missing_folder_is_resumed_under_its_name(bool isSent, string shell, bool resume)
    {
        _name = "new";
        Make(Source, seed: 1);
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(_workspace["other"]).FullName, "file"), "another");
        RemoteRequest request = Request(isSent, shell, verify: false, All / 2);
        Remotes.Error(Run(request), TransferErrorId.ConnectionFailed);
        WaitForHost();
        int arrived = AssertOldOrNew(isMerged: false);
        string marker = Assert.Single(Markers);
        Assert.Matches("^new\\.[0-9a-f]{16}\\.splice-partial$", Path.GetFileName(marker));
        Assert.Empty(File.ReadAllBytes(marker));

        // Another source goes into the folder, and does not end the copy.
        request = request with { Ssh = server.Options };
        Remotes.Result(Run(request with { Source = _workspace["other"] }));
        Assert.True(File.Exists(Path.Combine(Target, "other", "file")));
        Assert.Single(Markers);

        RemoteTransferResult result = Remotes.Result(Run(resume ? request : request with { Resume = false, Update = UpdateMode.Changed }));

        Assert.Equal((Target, arrived), (result.Destination, result.Unchanged));
        Assert.Empty(Markers);
        Assert.Equal(Files, AssertOldOrNew(isMerged: true));
        Assert.False(Directory.Exists(Path.Combine(Target, "source")));

        // The complete copy is a folder like any other.
        Assert.Equal(Path.Combine(Target, "source"), Remotes.Result(Run(request)).Destination);
        Assert.Empty(Markers);
    }

    /// <summary>Not more than arrives without an interruption: nothing is removed, and nothing replaces an item of another kind.</summary>
    [Theory]
    [InlineData(true, "bash")]
    [InlineData(true, "busybox")]
    [InlineData(false, "bash")]
    public void Nothing_is_removed_for_it(bool isSent, string shell)
    {
        Make(Source, seed: 1);
        Directory.CreateDirectory(Path.Combine(Target, "0", "0"));
        File.WriteAllText(Path.Combine(Target, "0", "0", "kept"), "old");
        RemoteRequest request = Request(isSent, shell, verify: false, All / 2) with
        {
            Update = UpdateMode.Changed,
            RemoveExtra = true,
            MaximumRemoval = long.MaxValue,
        };
        Remotes.Error(Run(request), TransferErrorId.ConnectionFailed);
        WaitForHost();
        Assert.Equal("old", File.ReadAllText(Path.Combine(Target, "0", "0", "kept")));

        Remotes.Result(Run(request with { Ssh = server.Options }));

        Assert.Equal(string.Empty, Command.Run("diff", "-r", Source, Target).Text);
    }

    public void Dispose() => _workspace.Dispose();

    private static IReadOnlyList<RemoteOutcome> Run(RemoteRequest request) =>
        request is SendRequest sent ? Remotes.Send(sent) : Remotes.Receive((ReceiveRequest)request);

    private static byte[] Content(int i, int seed) => Workspace.RandomBytes(Size, seed + i);

    private static void Make(string folder, int seed)
    {
        for (int i = 0; i < Files; i++)
        {
            File.WriteAllBytes(Path.Combine(Directory.CreateDirectory(Path.Combine(folder, Name(i / 10))).FullName, NameOf(i)), Content(i, seed));
        }
    }

    private static string Name(int i) => i.ToString(CultureInfo.InvariantCulture);

    private static string NameOf(int i) => i % 10 == 3 ? $" ö\\ {Name(i)} " : Name(i);

    private void WaitForHost() => Wait.Until(
        () => Directory.GetFileSystemEntries(_workspace["target"], ".splice-*", SearchOption.AllDirectories).Length == 0, "The host does not end.");

    /// <summary>Returns the number of files that have arrived.</summary>
    private int AssertOldOrNew(bool isMerged)
    {
        int arrived = 0;
        for (int i = 0; i < Files; i++)
        {
            string path = Path.Combine(Target, Name(i / 10), NameOf(i));
            byte[] now = File.Exists(path) ? File.ReadAllBytes(path) : [];
            bool isNew = now.AsSpan().SequenceEqual(Content(i, seed: 1));
            Assert.True(isNew || (isMerged ? now.AsSpan().SequenceEqual(Content(i, seed: 1000)) : !File.Exists(path)), $"{path} is neither old nor new");
            arrived += isNew ? 1 : 0;
        }

        return arrived;
    }

    /// <summary>The connection ends after some bytes to the host or from it.</summary>
    private SshOptions Cut(bool isSent, int bytes)
    {
        string count = bytes.ToString(CultureInfo.InvariantCulture);
        return Proxy(isSent ? $"cat <&3 & stdbuf -o0 head -c {count} >&3; sleep 0.5; kill $!" : $"cat <&4 >&3 & stdbuf -o0 head -c {count} <&3; sleep 0.5; kill $!");
    }

    private SshOptions Count(bool isSent) =>
        Proxy(isSent ? $"cat <&3 & tee {_workspace["wire"]} >&3; wait" : $"cat <&4 >&3 & tee {_workspace["wire"]} <&3; kill $!");

    private SshOptions Proxy(string command) => server.Options with
    {
        Settings = new Dictionary<string, string>(server.Options.Settings) { ["ProxyCommand"] = $"bash -c 'exec 3<>/dev/tcp/%h/%p 4<&0; {command}'" },
    };

    private RemoteRequest Request(bool isSent, string shell, bool verify, int cut)
    {
        Directory.CreateDirectory(_workspace["target"]);
        string destination = _name == "source" ? _workspace["target"] : Target;
        RemoteRequest request = isSent
            ? new SendRequest { Source = Source, Destination = destination, Hosts = [server.Host(shell)] }
            : new ReceiveRequest { Source = Source, Destination = destination, Hosts = [server.Host(shell)] };
        return request with { Ssh = Cut(isSent, cut), Recurse = true, Resume = true, Verify = verify };
    }
}
