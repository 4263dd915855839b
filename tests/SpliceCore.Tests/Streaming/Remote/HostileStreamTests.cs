using System.Globalization;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Hosts that send what no tar writes: whatever it is, there is an error for that host, and nothing else.</summary>
public sealed class HostileStreamTests(SshServer server, ITestOutputHelper output) : IDisposable
{
    private const string Zeros = "head -c 200000000 /dev/zero";

    // A process of its own ends well below the limit of a wait.
    private const int Batch = 500;

    private readonly Workspace _workspace = new();

    /// <summary>A header of 8 GiB, or a flood, and what the error says.</summary>
    public static TheoryData<string, string> Trees => new()
    {
        { $"echo 'splice-tree pax'; {HeaderOf("x", "77777777777")}; {Zeros}", "1 MiB" },
        { $"echo 'splice-tree pax'; {HeaderOf("g", "77777777777")}; {Zeros}", "1 MiB" },
        { $"echo 'splice-tree gnu'; {HeaderOf("L", "77777777777")}; {Zeros}", "1 MiB" },
        { $"echo 'splice-tree gnu'; {HeaderOf("K", "17777777777")}; {Zeros}", "1 MiB" },
        { $"echo 'splice-tree gnu'; while {HeaderOf("x", "00000000000")}; do :; done", "1 MiB" },
        { $"echo 'splice-tree pax'; {HeaderOf("x", "00000000046")}; printf '38 mtime=9999999999999999999999999999\\n' | dd bs=512 conv=sync 2> /dev/null; {HeaderOf("0", "00000000000")}; {Zeros}", "invalid number" },
        { $"echo 'splice-tree pax'; {HeaderOf("z", "00000000000")}; {Zeros}", "is not received" },
        { $"echo 'splice-tree pax'; {HeaderOf("5", "00000000000")}; {HeaderOf("5", "00000000000")}; {Zeros}", "twice" },
        { $"echo 'splice-tree pax'; {Zeros}", "64 KiB of text" },
        { "echo 'splice-tree pax'; head -c 1024 /dev/zero; yes splice-alive", "64 KiB of text" },
        { "yes", "64 KiB of text" },
        { "head -c 100000000 /dev/zero", "64 KiB of text" },
        { "echo 'splice-tree pax getfacl 67108865'; yes", "64 MiB" },
        { "head -c 100000000 /dev/zero >&2; exit 3", "exit code 3" },
    };

    [Theory]
    [MemberData(nameof(Trees))]
    public void A_folder_without_bounds_is_an_error(string command, string message)
    {
        RemoteHost host = server.Host($"hostile-{Guid.NewGuid():N}", command);
        TransferException error = Assert.Single(Remotes.Receive(Request(host) with { Recurse = true })).Error!;
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Empty(_workspace.Names);
    }

    [Theory]
    [InlineData("echo 'splice-file 1 1 644 1 2 8 0 0 1 -'; printf x; echo 'splice-done -'; yes")]
    [InlineData("echo 'splice-file 0 1 644 1 2 8 0 0 1 -'; yes splice-alive")]
    [InlineData("yes 'splice-file x'")]
    public void A_file_without_bounds_is_an_error(string command)
    {
        RemoteHost host = server.Host($"hostile-{Guid.NewGuid():N}", command);
        Assert.NotNull(Assert.Single(Remotes.Receive(Request(host))).Error);
        Assert.Empty(_workspace.Names);
    }

    [Fact]
    public void Text_without_bounds_ends_an_upload()
    {
        RemoteHost host = server.Host($"hostile-{Guid.NewGuid():N}", "echo 'splice-ready 0 0'; yes 'splice-note the owner'");
        string source = _workspace.WriteRandom("source", 10);
        Remotes.Error(Remotes.Send(new SendRequest { Source = source, Hosts = [host], Destination = "x", Ssh = server.Options }), TransferErrorId.RemoteFailed);
    }

    [Fact]
    public void One_host_without_bounds_does_not_disturb_the_others()
    {
        RemoteHost bad = server.Host($"hostile-{Guid.NewGuid():N}", $"echo 'splice-tree pax'; {HeaderOf("x", "77777777777")}; {Zeros}");
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(_workspace["source"]).FullName, "file"), "content");
        string target = Directory.CreateDirectory(_workspace["target"]).FullName;
        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Receive(Request(bad) with { Hosts = [bad, server.Host()], Recurse = true, Destination = target });
        Assert.Equal(2, outcomes.Count);
        Assert.Single(outcomes, outcome => outcome.Error is null);
        Assert.Single(Directory.GetFiles(target, "file", SearchOption.AllDirectories));
    }

    [Fact]
    public void Random_streams_have_an_outcome_and_leave_nothing()
    {
        Command.RequireRoot();
        int seed = FullRun.Seed(output);
        int rounds = FullRun.Rounds(everyday: 150, full: 2000);
        Parallel.For(0, (rounds + Batch - 1) / Batch, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, batch =>
        {
            int first = batch * Batch;
            string folder = Directory.CreateDirectory(_workspace[$"random-{batch}"]).FullName;
            Command.Output end = TestHost.Run([], "--hostile", folder, Text(seed), Text(first), Text(Math.Min(Batch, rounds - first)));
            Assert.True(end.ExitCode == 0, $"{end.Text}\n{end.Errors}");
            output.WriteLine(end.Text);
        });

        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }

    public void Dispose() => _workspace.Dispose();

    /// <summary>A command that prints a header for ./a with the size in octal digits.</summary>
    private static string HeaderOf(string type, string size)
    {
        byte[] header = new byte[512];
        Put(0, "./a");
        Put(100, "0000755\00000000\00000000\0");
        Put(124, size);
        Put(136, "00000000001");
        Put(148, "        ");
        Put(156, type);
        Put(257, "ustar\00000");
        Put(148, $"{Convert.ToString(header.Sum(one => one), toBase: 8).PadLeft(6, '0')}\0 ");
        return $"printf {HostScript(header)}";

        void Put(int offset, string text) => System.Text.Encoding.ASCII.GetBytes(text).CopyTo(header, offset);

        static string HostScript(byte[] bytes) => $"'{string.Concat(bytes.Select(one => $"\\{Convert.ToString(one, toBase: 8).PadLeft(3, '0')}"))}'";
    }

    private ReceiveRequest Request(RemoteHost host) => new()
    {
        Source = _workspace["source"],
        Hosts = [host],
        Destination = _workspace["target"],
        Ssh = server.Options,
    };
}
