using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Streaming.Remote.Resume;

/// <summary>The lock of a partial file on a host, and partial files that no transfer resumes.</summary>
public sealed class ResumeLockTests(SshServer server) : IDisposable
{
    private const int Size = 2_000_001;
    private const string Other = "target.0123456789abcdef.splice-partial";

    private static readonly string Boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData("dash", "another boot")]
    [InlineData("bash", "a number in use again")]
    [InlineData("busybox", "a number in use again")]
    [InlineData("busybox", "an ended process")]
    [InlineData("dash", "no number")]
    [InlineData("bash", "a broken link")]
    public void A_stale_one_is_replaced(string shell, string kind)
    {
        SendRequest request = Interrupt(shell);
        string @lock = _workspace[Partial] + ".lock";
        using var ended = new ChildProcess(["true"]);
        Wait.Until(() => ended.HasExited, "It does not end.");
        if (kind == "a broken link")
        {
            File.CreateSymbolicLink(@lock, "nothing");
        }
        else
        {
            File.WriteAllText(@lock, kind switch
            {
                "another boot" => Number($"{Environment.ProcessId} {Started()} 01234567-89ab-cdef-0123-456789abcdef\n"),
                "a number in use again" => Number($"{Environment.ProcessId} {Started() - 1} {Boot}\n"),
                "an ended process" => Number($"{ended.Id} {Started()} {Boot}\n"),
                _ => string.Empty,
            });
        }

        Assert.NotNull(Remotes.Result(Remotes.Send(request)).ResumedAt);

        AssertComplete(request);
    }

    [Theory]
    [InlineData("dash")]
    [InlineData("busybox")]
    public void One_of_a_running_process_is_respected(string shell)
    {
        SendRequest request = Interrupt(shell);
        string text = Number($"{Environment.ProcessId} {Started()} {Boot}\n");
        string @lock = _workspace.Write(Partial + ".lock", System.Text.Encoding.ASCII.GetBytes(text));

        Remotes.Error(Remotes.Send(request), TransferErrorId.DestinationBusy);

        Assert.Equal(text, File.ReadAllText(@lock));
        Assert.True(File.Exists(_workspace[Partial]));
    }

    [Fact]
    public void It_needs_no_symbolic_links()
    {
        Command.Require("strace");
        SendRequest request = Interrupt("dash");
        RemoteHost host = server.Host(
            "no-links", "exec strace -f -qq -o /dev/null -e inject=symlink,symlinkat:error=EPERM dash -c \"$SSH_ORIGINAL_COMMAND\"");

        Assert.NotNull(Remotes.Result(Remotes.Send(request with { Hosts = [host] })).ResumedAt);

        AssertComplete(request);
    }

    /// <summary>Those of other destinations stay, and those that a transfer or a copy writes.</summary>
    [Theory]
    [InlineData("dash", true)]
    [InlineData("bash", false)]
    [InlineData("busybox", true)]
    public void A_success_removes_those_of_older_sources(string shell, bool resume)
    {
        SendRequest request = Interrupt(shell);
        Files.ChangeKeepingTime(request.Source, offset: 5000);
        string[] others = ["target.0123456789abcde.splice-partial", "target.0123456789abcdeg.splice-partial", "target.x.0123456789abcdef.splice-partial", "get.0123456789abcdef.splice-partial"];
        Array.ForEach(others, name => _workspace.Write(name, [1]));
        _workspace.Write(Other, [1]);
        _workspace.Write(Other + ".lock", "1 1 1\n"u8.ToArray());
        using SafeFileHandle copied = Posix.OpenWrite(_workspace["target.aaaaaaaaaaaaaaaa.splice-partial"]);
        Assert.True(LibC.Lock(copied).Ok);
        _workspace.Write("target.bbbbbbbbbbbbbbbb.splice-partial", [1]);
        _workspace.Write(
            "target.bbbbbbbbbbbbbbbb.splice-partial.lock", System.Text.Encoding.ASCII.GetBytes(Number($"{Environment.ProcessId} {Started()} {Boot}\n")));

        Assert.Null(Remotes.Result(Remotes.Send(request with { Resume = resume })).ResumedAt);

        Assert.Equal(
            [.. others.Concat(["source", "target", "target.aaaaaaaaaaaaaaaa.splice-partial", "target.bbbbbbbbbbbbbbbb.splice-partial", "target.bbbbbbbbbbbbbbbb.splice-partial.lock"]).Order(StringComparer.Ordinal)],
            _workspace.Names.Order(StringComparer.Ordinal));
        Files.AssertSameBytes(request.Source, request.Destination);
    }

    public void Dispose() => _workspace.Dispose();

    private string Partial => Assert.Single(_workspace.Names, name => name.EndsWith(".splice-partial", StringComparison.Ordinal));

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>The time of this process's start, in clock ticks since the system was started (proc(5)).</summary>
    private static long Started() =>
        long.Parse(File.ReadAllText("/proc/self/stat").Split(") ")[^1].Split(' ')[19], CultureInfo.InvariantCulture);

    /// <summary>Sends to a host that takes a part, and returns the request for one that takes everything.</summary>
    private SendRequest Interrupt(string shell)
    {
        var request = new SendRequest
        {
            Source = _workspace.WriteRandom("source", Size),
            Hosts = [server.Host(shell)],
            Destination = _workspace["target"],
            Ssh = server.SharedConnection,
            Resume = true,
        };
        RemoteHost dropping = server.Host($"part-{shell}", $"stdbuf -o0 head -c 1000000 | {(shell == "busybox" ? "busybox sh" : shell)} -c \"$SSH_ORIGINAL_COMMAND\"");
        Remotes.Error(Remotes.Send(request with { Hosts = [dropping] }), TransferErrorId.ConnectionFailed);
        return request;
    }

    private void AssertComplete(SendRequest request)
    {
        Files.AssertSameBytes(request.Source, request.Destination);
        Assert.Equal(["source", "target"], _workspace.Names);
    }
}
