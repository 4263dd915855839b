using System.Diagnostics;
using System.IO.Pipes;
using System.Management.Automation;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>The progress bar.</summary>
public sealed class ProgressTests(ModuleShell shell) : IClassFixture<ModuleShell>, IDisposable
{
    private const int Pieces = 30;
    private const int PieceSize = 64;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(70);

    private readonly Workspace _workspace = new();
    private readonly AnonymousPipeServerStream _writer = new(PipeDirection.Out);

    [Fact]
    public async Task A_transfer_of_over_a_second_has_one()
    {
        using FileStream target = File.Create(_workspace["target"]);
        long started = Stopwatch.GetTimestamp();
        Task feeding = FeedAsync();
        ShellRun run = shell.Run(
            "Invoke-Splice $args[0] $args[1] -Count $args[2]", _writer.ClientSafePipeHandle, target, Pieces * PieceSize);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        await feeding;
        Assert.Equal((long)Pieces * PieceSize, run["BytesCopied"]);
        ProgressRecord[] shown = [.. run.Progress.Where(record => record.RecordType == ProgressRecordType.Processing)];
        Assert.InRange(shown.Length, 2, (int)(elapsed.TotalSeconds / 0.25));
        Assert.All(shown, record => Assert.InRange(record.PercentComplete, 1, 100));
        Assert.All(shown, record => Assert.Matches(@"^[\d.]+ \w*B of 1\.88 KiB, [\d.]+ \w*B/s$", record.StatusDescription));
        Assert.Equal(shown.Length, shown.Select(record => record.StatusDescription).Distinct().Count());
        Assert.Equal(ProgressRecordType.Completed, run.Progress[^1].RecordType);
    }

    [Fact]
    public async Task It_may_end_the_transfer_and_positions_are_right()
    {
        using FileStream target = File.Create(_workspace["target"]);
        Task feeding = FeedAsync();
        ShellRun run = shell.Run(
            "Invoke-Splice $args[0] $args[1] -ProgressAction Stop", _writer.ClientSafePipeHandle, target);
        Assert.NotNull(run.Failure);
        Assert.NotEqual(0, target.Length);
        Assert.Equal(target.Length, target.Position);
        _writer.DisposeLocalCopyOfClientHandle();
        await Assert.ThrowsAnyAsync<IOException>(() => feeding);
    }

    [Fact]
    public void A_short_transfer_has_none()
    {
        ShellRun run = shell.Copy(_workspace.WriteRandom("a", 100_000), _workspace["b"]);
        Assert.Equal(100_000L, run["BytesCopied"]);
        Assert.Empty(run.Progress);
    }

    public void Dispose()
    {
        _writer.Dispose();
        _workspace.Dispose();
    }

    private Task FeedAsync() => Task.Run(() =>
    {
        for (int i = 0; i < Pieces; i++)
        {
            Thread.Sleep(Pause);
            _writer.Write(new byte[PieceSize]);
        }

        _writer.Dispose();
    });
}
