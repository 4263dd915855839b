using System.Diagnostics;
using System.Globalization;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests.Shell;

public sealed class ShellTests : IDisposable
{
    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData("1", 0)]
    [InlineData("exit 3", 3)]
    [InlineData("throw 'a'", 1)]
    [InlineData("Copy-ItemZeroCopy /nowhere /tmp", 1)]
    [InlineData("Copy-ItemZeroCopy /nowhere /tmp; 1", 0)]
    [InlineData("if (", 1)]
    public void A_command_ends_as_in_pwsh(string code, int expected) =>
        Assert.Equal(expected, ShellProcess.Run("-Command", code).ExitCode);

    [Fact]
    public void A_script_gets_its_arguments_and_its_own_folder()
    {
        File.WriteAllText(_workspace["a b.ps1"], """
            param([string] $Name, [switch] $Loud, [Parameter(ValueFromRemainingArguments)] [string[]] $Rest)
            "$Name|$Loud|$($Rest -join ',')|$PSScriptRoot"
            exit 7
            """);
        ShellProcess run = ShellProcess.Run(_workspace["a b.ps1"], "-Name", "it's", "-Loud:$false", "x y", "$z");
        Assert.Equal($"it's|False|x y,$z|{_workspace.Folder}\n", run.Output);
        Assert.Equal(7, run.ExitCode);
    }

    [Fact]
    public void A_result_is_a_table_and_an_error_goes_to_standard_error()
    {
        string source = _workspace.WriteRandom("a", 5000);
        ShellProcess run = ShellProcess.Run("-c", $"Copy-ItemZeroCopy {source} {_workspace["b"]}; Copy-ItemZeroCopy {source}x {_workspace["c"]}");
        Assert.Matches(@"Copied\s+InHoles\s+Method", run.Output);
        Assert.Contains("4.88 KiB", run.Output, StringComparison.Ordinal);
        Assert.Contains("ENOENT", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("ENOENT", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Native_commands_of_a_pipeline_write_to_its_own_output()
    {
        string code = "Invoke-PipelineZeroCopy { printf '%s-' 'a b' | cat }; $x = Invoke-PipelineZeroCopy { printf taken }; \"<$x>\"";
        Assert.Equal("a b-<taken>\n", ShellProcess.Run("-c", code).Output);
    }

    [Theory]
    [InlineData("y\n", true)]
    [InlineData("n\n", false)]
    public void A_question_is_answered_from_standard_input(string answer, bool copies)
    {
        string source = _workspace.WriteRandom("a", 10);
        ShellProcess run = ShellProcess.RunWith(answer, null, "-c", $"Copy-ItemZeroCopy {source} {_workspace["b"]} -Confirm");
        Assert.Contains("Copy File", run.Output, StringComparison.Ordinal);
        Assert.Equal(copies, File.Exists(_workspace["b"]));
    }

    [Fact]
    public void Warnings_and_verbose_messages_are_shown()
    {
        string source = _workspace.WriteRandom("a", 10);
        ShellProcess run = ShellProcess.Run("-c", $"Copy-ItemZeroCopy {source} {_workspace["b"]} -Verbose; & {{ [CmdletBinding()] param() $PSCmdlet.WriteWarning('careful') }}");
        Assert.Contains("VERBOSE: ", run.Output, StringComparison.Ordinal);
        Assert.Contains("WARNING: careful", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Native_commands_run()
    {
        ShellProcess run = ShellProcess.Run("-c", "printf native | cat; $LASTEXITCODE");
        Assert.Equal("native0\n", run.Output);
    }

    [Fact]
    public void Without_arguments_it_tells_how_to_use_it_and_what_is_not_in_it()
    {
        ShellProcess run = ShellProcess.Run();
        Assert.Equal(64, run.ExitCode);
        Assert.Contains("It does not have the other stock cmdlets of pwsh", run.Error, StringComparison.Ordinal);
        Assert.Equal(64, ShellProcess.Run("nowhere.ps1").ExitCode);
        Assert.Equal(0, ShellProcess.Run("-Help").ExitCode);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public void A_signal_stops_the_pipeline(string signal, int expected)
    {
        string old = _workspace.Write("old", [1, 2, 3]);
        string fifo = _workspace["fifo"];
        Process.Start("mkfifo", fifo)!.WaitForExit();
        ShellProcess run = ShellProcess.RunWith(string.Empty, shell => Interrupt(shell, fifo, signal), "-c", $"Copy-ItemZeroCopy {fifo} {old}");
        Assert.Equal(expected, run.ExitCode);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(old));
        Assert.Equal(["fifo", "old"], _workspace.Names);
    }

    public void Dispose() => _workspace.Dispose();

    private static void Interrupt(Process shell, string fifo, string signal)
    {
        string descriptors = string.Create(CultureInfo.InvariantCulture, $"/proc/{shell.Id}/fd");
        ModuleShell.WaitUntil(() => Directory.GetFileSystemEntries(descriptors).Any(link => LeadsTo(link, fifo)));
        Process.Start("kill", ["-s", signal, $"{shell.Id}"])!.WaitForExit();
    }

    private static bool LeadsTo(string link, string path)
    {
        try
        {
            return new FileInfo(link).LinkTarget == path;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
