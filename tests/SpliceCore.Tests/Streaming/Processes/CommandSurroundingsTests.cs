using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.Streaming.Processes;

/// <summary>What a command finds when it starts, and what this process has when it has ended.</summary>
[Collection(SerialCollection.Name)]
public sealed class CommandSurroundingsTests : IDisposable
{
    private readonly Workspace _workspace = new();

    // Servers of other tests live as long as the run.
    private readonly string[] _others = ChildProcesses.Ids();

    private int Children => ChildProcesses.Ids().Except(_others).Count();

    [Fact]
    public void A_command_has_three_descriptors_also_where_this_process_has_inherited_others()
    {
        using SafeFileHandle zero = Posix.OpenRead("/dev/zero");
        using SafeFileHandle inherited = Posix.Duplicate((int)zero.DangerousGetHandle());
        string[] first = Pipelines.Capture(Pipelines.Of(Pipelines.Shell("echo /proc/self/fd/*; cat /dev/null"))).Trim().Split(' ');

        // The shell has a descriptor of its own for the folder that it lists.
        Assert.Equal(["0", "1", "2"], first.Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal).Take(3));
        Assert.True(first.Length <= 4, string.Join(' ', first));
        Assert.DoesNotContain(first, path => path.EndsWith($"/{inherited.DangerousGetHandle()}", StringComparison.Ordinal) && inherited.DangerousGetHandle() > 3);
    }

    [Fact]
    public void In_the_middle_too()
    {
        using SafeFileHandle zero = Posix.OpenRead("/dev/zero");
        using SafeFileHandle inherited = Posix.Duplicate((int)zero.DangerousGetHandle());
        string links = Pipelines.Capture(Pipelines.Of(
            Pipelines.Command("true"), Pipelines.Command("ls", "-l", "/proc/self/fd"), Pipelines.Command("cat")));

        Assert.DoesNotContain("/dev/zero", links, StringComparison.Ordinal);
        Assert.Contains(" 0 -> pipe:", links, StringComparison.Ordinal);
        Assert.Contains(" 1 -> pipe:", links, StringComparison.Ordinal);
    }

    [Fact]
    public void Signals_have_their_defaults_and_none_is_blocked()
    {
        string status = Pipelines.Capture(Pipelines.Of(Pipelines.Command("cat", "/proc/self/status"), Pipelines.Command("cat")));

        Assert.Contains("SigBlk:\t0000000000000000\n", status, StringComparison.Ordinal);
        Assert.Contains("SigIgn:\t0000000000000000\n", status, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_ignores_the_hang_up_means_the_commands_too()
    {
        using var host = new PipelineHostProcess("sh", "-c", "trap '' HUP; exec \"$@\"", "sh");
        Assert.Contains("SigIgn:\t0000000000000001\n", host.Run(Pipelines.Of(Pipelines.Command("cat", "/proc/self/status"))).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_without_standard_streams_runs_commands_all_the_same()
    {
        using var host = new PipelineHostProcess("sh", "-c", "exec \"$@\" 2<&-", "sh");
        PipelineAnswer answer = host.Run(Pipelines.Of(Pipelines.Command("printf", "text"), Pipelines.Command("cat"), Pipelines.Command("cat")));
        Assert.Equal(("text", null), (answer.Output, answer.Error));
    }

    [Theory]
    [InlineData("success")]
    [InlineData("captured")]
    [InlineData("failure")]
    [InlineData("not started")]
    [InlineData("rate")]
    [InlineData("errors")]
    [InlineData("stop")]
    public void Neither_children_nor_descriptors_are_left(string end)
    {
        string source = _workspace.WriteRandom("source", 100_003);
        PipelineRequest request = Pipelines.Of(Pipelines.Command("cat"), Pipelines.Command("cat"), Pipelines.Command("cat")) with
        {
            InputPath = source,
            OutputPath = _workspace["copy"],
        };
        OpenDescriptors.AssertNoneLeft(() =>
        {
            switch (end)
            {
                case "captured":
                    Pipelines.Capture(request with { OutputPath = null });
                    break;
                case "failure":
                    Pipelines.Fail(request with { Commands = [Pipelines.Command("cat"), Pipelines.Command("false")] });
                    break;
                case "not started":
                    Pipelines.Fail(request with { Commands = [Pipelines.Command("cat"), new NativeCommand { Path = "/nowhere", Name = "nowhere" }] });
                    break;
                case "rate":
                    Pipelines.Run(request with { RateLimit = new RateLimiter(1L << 40) });
                    break;
                case "errors":
                    Pipelines.Run(request with { ErrorPath = _workspace["errors"] });
                    break;
                case "stop":
                    using (var cancellation = new CancellationTokenSource())
                    {
                        cancellation.Cancel();
                        Assert.Throws<TransferException>(() => Pipelines.Run(
                            request with { Commands = [Pipelines.Command("sleep", "1000")] }, new PipelineMonitor { Cancellation = cancellation.Token }));
                    }

                    break;
                default:
                    Pipelines.Run(request);
                    break;
            }
        });
        Assert.Equal(0, Children);
    }

    [Theory]
    [InlineData("exec sleep 1000")]
    [InlineData("trap '' TERM INT; echo ready; while :; do read line; done")]
    [InlineData("echo ready; kill -s STOP $$")]
    public void A_stop_ends_every_command(string script)
    {
        string old = _workspace.Write("old", "old"u8.ToArray());
        using var cancellation = new CancellationTokenSource();
        string fifo = Pipelines.MakeFifo(_workspace["fifo"]);
        using var writer = new FileStream(fifo, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        var run = new Worker<PipelineResult>(() => Pipelines.Run(
            Pipelines.Of(Pipelines.Shell(script), Pipelines.Shell(script), Pipelines.Command("cat")) with { InputPath = fifo, OutputPath = old },
            new PipelineMonitor { Cancellation = cancellation.Token }));
        writer.WriteByte((byte)'\n');
        Wait.Until(() => Children == 3, "Not all commands run.");

        cancellation.Cancel();

        Assert.Equal(TransferErrorId.Cancelled, run.JoinFailed<TransferException>().Id);
        Assert.Equal(0, Children);
        Assert.Equal("old", File.ReadAllText(old));
        Assert.Equal(["fifo", "old"], _workspace.Names);
    }

    public void Dispose() => _workspace.Dispose();
}
