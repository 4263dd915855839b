using System.Management.Automation;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>Invoke-PipelineZeroCopy in the bare engine, which has no cmdlets but its own.</summary>
public sealed class NativePipelineTests : IClassFixture<ModuleShell>, IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly ModuleShell _shell;

    public NativePipelineTests(ModuleShell shell)
    {
        _shell = shell;
        _shell.SetLocation(_workspace.Folder);
    }

    [Fact]
    public void Output_comes_as_lines_and_errors_as_records()
    {
        ShellRun run = _shell.Run("$x = 'a b'; Invoke-PipelineZeroCopy { sh -c 'echo remark >&2; printf \"%s\\n\" \"$@\"' sh $x ('c', 'd') | cat }");

        Assert.Equal(["a b", "c", "d"], run.Output.Select(line => line.ToString()));
        ErrorRecord remark = Assert.Single(run.Errors);
        Assert.Equal("StandardError,Splice.Commands.InvokePipelineZeroCopyCommand", remark.FullyQualifiedErrorId);
        Assert.Equal(("remark", ErrorCategory.FromStdErr), (remark.ToString(), remark.CategoryInfo.Category));
    }

    [Fact]
    public void A_file_goes_through_into_another()
    {
        string source = _workspace.WriteRandom("source", 1_000_003);

        ShellRun run = _shell.Run("Invoke-PipelineZeroCopy { cat | cat } source copy");

        Assert.Equal((1_000_003L, 1_000_003L, 0), (run["BytesIn"], run["BytesOut"], run["ExitCode"]));
        Assert.Equal((source, _workspace["copy"]), (run["InputPath"], run["OutputPath"]));
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(_workspace["copy"]));
    }

    [Fact]
    public void A_failure_has_the_result_and_sets_the_exit_code()
    {
        string old = _workspace.Write("old", "old"u8.ToArray());

        ShellRun run = _shell.Run("Invoke-PipelineZeroCopy { printf new | sh -c 'cat; exit 5' } -OutputPath old -ErrorVariable failed; $LASTEXITCODE; $failed.TargetObject.Commands.ExitCode");

        ErrorRecord error = Assert.Single(run.Errors);
        Assert.Equal("CommandFailed,Splice.Commands.InvokePipelineZeroCopyCommand", error.FullyQualifiedErrorId);
        Assert.Equal([5, 0, 5], run.Output.Select(code => code.BaseObject));
        Assert.Equal("old", File.ReadAllText(old));
    }

    [Theory]
    [InlineData("{ Import-Module x | cat }", "NotNativePipeline", "Import-Module")]
    [InlineData("{ cat && cat }", "NotNativePipeline", "chain")]
    [InlineData("{ cat & }", "NotNativePipeline", "background")]
    [InlineData("{ no-such-program | cat }", "CommandNotFound", "no-such-program")]
    public void Other_blocks_end_the_statement_before_anything_runs(string block, string id, string word)
    {
        ShellRun run = _shell.Run($"try {{ Invoke-PipelineZeroCopy {block} }} catch {{ $_ }}");

        var error = (ErrorRecord)Assert.Single(run.Output).BaseObject;
        Assert.StartsWith($"{id},", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(word, error.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_is_told_with_the_time_that_is_left()
    {
        _workspace.WriteRandom("source", 1_000_000);

        ShellRun run = _shell.Run("Invoke-PipelineZeroCopy { sh -c 'head -c 500000; sleep 1.5; cat' } source copy");

        Assert.Contains(run.Progress, record => record is { PercentComplete: 50, SecondsRemaining: >= 0 } && record.StatusDescription.Contains(" of 977 KiB", StringComparison.Ordinal));
        Assert.Equal(ProgressRecordType.Completed, run.Progress[^1].RecordType);
    }

    [Fact]
    public void A_stop_ends_the_commands_and_keeps_the_old_file()
    {
        string old = _workspace.Write("old", "old"u8.ToArray());
        _shell.Stop(
            () => File.Exists(_workspace["pid"]) && File.ReadAllText(_workspace["pid"]).EndsWith('\n'),
            "Invoke-PipelineZeroCopy { sh -c 'trap \"\" TERM INT; echo new; echo $$ > pid; while :; do sleep 0.1; done' | cat } -OutputPath old").WasStopped();

        Assert.False(Directory.Exists($"/proc/{File.ReadAllText(_workspace["pid"]).Trim()}"));
        Assert.Equal("old", File.ReadAllText(old));
        Assert.Equal(["old", "pid"], _workspace.Names);
    }

    public void Dispose() => _workspace.Dispose();
}
