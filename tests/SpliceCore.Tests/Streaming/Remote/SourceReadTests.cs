using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>How much of the source is read for several hosts, as strace(1) sees it.</summary>
public sealed partial class SourceReadTests(SshServer server) : IDisposable
{
    private const int Size = 20_000_000;

    private readonly Workspace _workspace = new();

    public static TheoryData<string> Kinds => FullRun.IsRequested ? ["plain", "verify"] : ["verify"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void It_is_read_once_for_four_hosts(string kind)
    {
        string source = _workspace.WriteRandom("source", Size);
        AssertReadOnce(kind, source, [.. Enumerable.Range(0, 4).Select(i => Host(i, "cat"))]);
    }

    /// <summary>Bytes that hosts already have are read once, for the digest.</summary>
    [Fact]
    public void It_is_read_once_for_four_hosts_with_other_partial_files()
    {
        string source = _workspace.WriteRandom("source", Size);
        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(new SendRequest
        {
            Source = source,
            Hosts = [.. Enumerable.Range(0, 4).Select(i => Host(i, $"stdbuf -o0 head -c {4_000_000 * (i + 1)}"))],
            Destination = "target",
            Ssh = server.Options,
            Resume = true,
        });
        Assert.All(outcomes, outcome => Assert.Equal(TransferErrorId.ConnectionFailed, outcome.Error?.Id));
        AssertReadOnce("resume", source, [.. Enumerable.Range(0, 4).Select(i => Host(i, "cat"))]);
    }

    public void Dispose() => _workspace.Dispose();

    private void AssertReadOnce(string kind, string source, RemoteHost[] hosts)
    {
        Command.Output output = TestHost.Run(
            ["strace", "-ff", "-qq", "-y", "-o", _workspace["trace"], "-e", "trace=read,pread64,readv,preadv,splice,sendfile,copy_file_range,mmap"],
            ["--send", kind, source, "target", server.KeyPath, server.Options.Settings["UserKnownHostsFile"], .. hosts.Select(host => host.Text)]);
        Assert.True(output.ExitCode == 0, $"{output}");
        Assert.All(Enumerable.Range(0, 4), i => Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(Path.Combine(Home(i), "target"))));
        Assert.InRange(BytesRead(source), Size, Size + (Size / 100));
    }

    private RemoteHost Host(int i, string filter) => server.Host(
        string.Create(CultureInfo.InvariantCulture, $"read-{Path.GetFileName(_workspace.Folder)}-{i}-{filter.Length}"), $"cd {Home(i)}; {filter} | dash -c \"$SSH_ORIGINAL_COMMAND\"");

    /// <summary>Adds up what the calls answered that read the file; no other may name it.</summary>
    private long BytesRead(string source)
    {
        long sum = 0;
        string[] traces = Directory.GetFiles(_workspace.Folder, "trace.*");
        foreach (string line in traces.SelectMany(File.ReadLines).Where(line => line.Contains($"<{source}>", StringComparison.Ordinal)))
        {
            Match call = Call().Match(line);
            Assert.True(call.Success, line);
            sum += long.Parse(call.Groups["result"].Value, CultureInfo.InvariantCulture);
        }

        return sum;
    }

    private string Home(int i) => Directory.CreateDirectory(_workspace[string.Create(CultureInfo.InvariantCulture, $"home-{i}")]).FullName;

    [GeneratedRegex(@"^((read|pread64|readv|preadv|splice|copy_file_range)\(|sendfile\(\d+<[^>]*>, )\d+</.* = (?<result>\d+)$")]
    private static partial Regex Call();
}
