using System.Globalization;
using System.Text;
using Splice.Streaming.Remote;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>The scripts for hosts by themselves, without ssh.</summary>
public sealed class HostScriptTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public static TheoryData<string> Scripts => ["list-paths.sh", "receive-file.sh", "receive-tree.sh", "send-file.sh", "send-tree.sh"];

    public static TheoryData<string> Shells => ["dash", "bash", "busybox sh"];

    [Theory]
    [MemberData(nameof(Scripts))]
    public void Shellcheck_finds_nothing(string script)
    {
        Command.Require("shellcheck");
        string? root = FloorTests.Root();
        Assert.SkipWhen(root is null, "the sources are not here");
        string folder = Path.Combine(root!, "src/SpliceCore/Streaming/Remote/Scripts");
        Assert.Equal(
            new Command.Output(0, string.Empty, string.Empty),
            Command.Run("shellcheck", "-x", "-s", "sh", "--source-path", folder, Path.Combine(folder, script)));
    }

    /// <summary>A comment would be sent with each transfer.</summary>
    [Theory]
    [MemberData(nameof(Scripts))]
    public void A_script_is_one_line_of_printable_characters(string script)
    {
        string line = Encoding.Latin1.GetString(HostScript.LineOf(script, Request(string.Empty, verify: true), "é\n\u0001"));
        Assert.Matches("^[ -~]*\n$", line);
        Assert.DoesNotContain(@"\012#", line, StringComparison.Ordinal);
        Assert.DoesNotContain(". ./", line, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_file_is_sent(string shell)
    {
        byte[] content = Workspace.RandomBytes(100_000);
        string digest = Command.Check("sha256sum", _workspace.Write("source", content)).Split(' ')[0];
        _workspace.Write("input", [.. content, .. Encoding.ASCII.GetBytes($"end:{digest}\ncommit\n")]);
        string size = content.Length.ToString(CultureInfo.InvariantCulture);

        string output = Run(
            shell, "input", "send-file.sh", _workspace["it's sent"], "source", size, "640", "1000000000.123456789", "1000000000", ".temporary", string.Empty, string.Empty);

        string path = Convert.ToHexString(Encoding.UTF8.GetBytes(_workspace["it's sent"])).ToLowerInvariant();
        Assert.Equal($"splice-ready 0 0\nsplice-complete\nsplice-path {path}\nsplice-done", output);
        Assert.Equal(content, File.ReadAllBytes(_workspace["it's sent"]));
        Assert.Equal(DateTime.UnixEpoch.AddSeconds(1000000000), File.GetLastWriteTimeUtc(_workspace["it's sent"]), TimeSpan.FromSeconds(1));
        Assert.Equal(["input", "it's sent", "source"], _workspace.Names);
    }

    /// <summary>On XFS, the truncation of a new file to its own size writes the content to the disk, and waits for it.</summary>
    [Fact]
    public void A_file_that_arrived_with_its_size_is_not_truncated()
    {
        Command.Require("strace");
        byte[] content = Workspace.RandomBytes(100_000);
        string digest = Command.Check("sha256sum", _workspace.Write("source", content)).Split(' ')[0];
        _workspace.Write("input", [.. content, .. Encoding.ASCII.GetBytes($"end:{digest}\ncommit\n")]);

        string output = Run(
            $"strace -f -o {_workspace["trace"]} -e trace=ftruncate,openat dash", "input", "send-file.sh",
            _workspace["sent"], "source", "100000", "640", "1000000000.1", "1000000000", ".temporary", string.Empty, string.Empty);

        Assert.EndsWith("splice-done", output, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllBytes(_workspace["sent"]));
        string trace = File.ReadAllText(_workspace["trace"]);
        Assert.Contains(".temporary", trace, StringComparison.Ordinal);
        Assert.DoesNotContain("ftruncate", trace, StringComparison.Ordinal);
    }

    /// <summary>dd(1) would create it again, with zeros before the range.</summary>
    [Theory]
    [MemberData(nameof(Shells))]
    public void A_temporary_file_that_another_process_removes_is_an_error(string shell)
    {
        Command.Require(shell.Split(' ')[0]);
        byte[] content = Workspace.RandomBytes(100_000);
        byte[] line = HostScript.LineOf(
            "send-file.sh", Request(string.Empty, verify: false),
            _workspace["sent"], "source", "100000", "640", "1000000000.1", "1000000000", ".temporary", string.Empty, string.Empty, "sparse");
        _workspace.Write("input", [.. line, .. "0 65536\n"u8, .. content[..65536], .. "65536 34464\n"u8, .. content[65536..], .. "end:0\ncommit\n"u8]);
        string removes = $"dd() {{ command dd \"$@\"; case $* in *seek=0*) rm {_workspace[".temporary"]} ;; esac; }}; ";
        string command = HostScript.CommandFor(line.Length).Replace("exec sh -c '", $"exec {shell} -c '{removes}", StringComparison.Ordinal);

        Command.Output output = Command.Run("sh", "-c", $"{command} < {HostScript.Quote(_workspace["input"])}");

        Assert.Equal(86, output.ExitCode);
        Assert.Contains("was removed by another process", output.Errors, StringComparison.Ordinal);
        Assert.Equal(["input"], _workspace.Names);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_file_is_received(string shell)
    {
        _workspace.Write("it's here", "content\n"u8.ToArray());
        _workspace.Write("input", "0\n"u8.ToArray());

        string[] lines = Run(shell, "input", "receive-file.sh", _workspace["it's here"]).Split('\n');

        Assert.NotNull(RemoteFileInfo.TryParse(lines[0][HostScript.File.Length..]));
        Assert.Equal("content", lines[1]);
        Assert.Equal($"splice-done {Command.Check("sha256sum", _workspace["it's here"]).Split(' ')[0].TrimStart('\\')}", lines[2]);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_tree_is_sent(string shell)
    {
        Command.Require("tar");
        Directory.CreateDirectory(_workspace["stream/tree/inner"]);
        _workspace.Write("stream/tree/inner/file", "content"u8.ToArray());
        _workspace.Write("stream/end", []);
        _workspace.Write("stream/commit", []);
        string digest = Command.Check("sha256sum", _workspace["stream/tree/inner/file"]).Split(' ')[0];
        _workspace.Write("stream/sums", Encoding.ASCII.GetBytes($"{digest}  ./inner/file\n"));
        _workspace.Write("stream/escaped-sums", []);
        Command.Check("tar", "-C", _workspace["stream"], "-cf", _workspace["input"], "tree", "sums", "escaped-sums", "end", "commit");

        string output = Run(shell, "input", "send-tree.sh", _workspace["it's sent"], "tree", ".temporary", "token", "");

        Assert.Matches("^splice-ready 0 [a-z-]+\nsplice-complete\nsplice-path [0-9a-f]+\nsplice-done$", output);
        Assert.Equal("content", File.ReadAllText(_workspace["it's sent/inner/file"]));
        Assert.Equal(["input", "it's sent", "stream"], _workspace.Names);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_tree_is_received(string shell)
    {
        Command.Require("tar");
        Directory.CreateDirectory(_workspace["it's here/inner"]);
        _workspace.Write("it's here/inner/file", "content"u8.ToArray());
        string digest = Command.Check("sha256sum", _workspace["it's here/inner/file"]).Split(' ')[0];
        _workspace.Write("input", Encoding.ASCII.GetBytes($"\n{digest}  ./inner/file\n"));

        string output = Run(shell, "input", "receive-tree.sh", _workspace["it's here"], "token");

        Assert.StartsWith("splice-tree ", output, StringComparison.Ordinal);
        Assert.Contains("content\0", output, StringComparison.Ordinal);
        Assert.EndsWith("\0splice-done", output, StringComparison.Ordinal);
    }

    /// <summary>ssh keeps the connection open as long as a process has standard output.</summary>
    [Theory]
    [MemberData(nameof(Shells))]
    public void No_process_keeps_the_output_open_after_the_end(string shell)
    {
        Command.Require("tar", "sha256sum", "bash", shell.Split(' ')[0]);
        Directory.CreateDirectory(_workspace["source"]);
        _workspace.Write("source/file", "content"u8.ToArray());
        string digest = Command.Check("sha256sum", _workspace["source/file"]).Split(' ')[0];
        byte[] line = HostScript.LineOf("receive-tree.sh", Request(string.Empty, verify: true), _workspace["source"], "token");
        string script = _workspace.Write("script", line);
        string output = _workspace["output"];

        // It computes until the host has printed a line, and is in the pause before the next one.
        string slow = $"sha256sum() {{ until grep -q {HostScript.Alive} {output}; do sleep 0.1; done; command sha256sum \"$@\"; }}; ";
        string command = HostScript.CommandFor(line.Length).Replace("exec sh -c '", $"{shell} -c '{slow}", StringComparison.Ordinal);
        string owners = Command.Check(
            "bash", "-c", $"{{ cat {script}; printf '\\n{digest}  ./file\\n'; }} | {command} > {output}; find /proc/[0-9]*/fd -lname {output} 2> /dev/null || :");

        Assert.EndsWith($"{HostScript.Alive}\nsplice-done\n", File.ReadAllText(output), StringComparison.Ordinal);
        Assert.Equal(string.Empty, owners);
    }

    public void Dispose() => _workspace.Dispose();

    private static SendRequest Request(string destination, bool verify) => new()
    {
        Source = "/source",
        Destination = destination,
        Hosts = [RemoteHost.Parse("host")],
        Verify = verify,
    };

    private string Run(string shell, string input, string script, params string[] parameters)
    {
        Command.Require(shell.Split(' ')[0], "sha256sum");
        byte[] line = HostScript.LineOf(script, Request(string.Empty, verify: true), parameters);
        string command = HostScript.CommandFor(line.Length).Replace("exec sh", $"exec {shell}", StringComparison.Ordinal);
        _workspace.Write(input, [.. line, .. File.ReadAllBytes(_workspace[input])]);
        string output = Command.Check("sh", "-c", $"{command} < {HostScript.Quote(_workspace[input])}");
        return output.Replace($"{HostScript.Alive}\n", string.Empty, StringComparison.Ordinal);
    }
}
