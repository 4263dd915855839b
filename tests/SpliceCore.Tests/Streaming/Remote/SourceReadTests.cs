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
        SshServer.Require();
        string source = _workspace.WriteRandom("source", Size);
        string[] hosts = [.. Enumerable.Range(0, 4).Select(i => server.Host($"read-{kind}-{i}", $"cd {Home(i)}; exec dash -c \"$SSH_ORIGINAL_COMMAND\"").Text)];
        Command.Output output = TestHost.Run(
            ["strace", "-ff", "-qq", "-y", "-o", _workspace["trace"], "-e", "trace=read,pread64,readv,preadv,splice,sendfile,copy_file_range,mmap"],
            ["--send", kind, source, "target", server.KeyPath, server.Options.Settings["UserKnownHostsFile"], .. hosts]);
        Assert.True(output.ExitCode == 0, $"{output}");
        Assert.All(Enumerable.Range(0, 4), i => Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(Path.Combine(Home(i), "target"))));
        Assert.InRange(BytesRead(source), Size, Size + (Size / 100));
    }

    public void Dispose() => _workspace.Dispose();

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
