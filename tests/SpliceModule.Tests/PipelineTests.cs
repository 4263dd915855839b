using System.Management.Automation;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>What goes into a cmdlet and comes out of it.</summary>
public sealed class PipelineTests : IClassFixture<ModuleShell>, IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly ModuleShell _shell;

    public PipelineTests(ModuleShell shell)
    {
        _shell = shell;
        Directory.CreateDirectory(_workspace["to"]);
        foreach (string name in (string[])["a", "b", "c"])
        {
            _workspace.Write(name, [(byte)name[0]]);
        }

        shell.SetLocation(_workspace.Folder);
    }

    [Theory]
    [InlineData("'a', 'b', 'c'")]
    [InlineData("'*'")]
    [InlineData("[IO.FileInfo[]](\"$PWD/a\", \"$PWD/b\", \"$PWD/c\")")]
    [InlineData("[pscustomobject]@{ Path = 'a', 'b', 'c' }")]
    [InlineData("[pscustomobject]@{ LiteralPath = 'a', 'b', 'c' }")]
    [InlineData("[pscustomobject]@{ PSPath = 'a', 'b', 'c' }")]
    [InlineData("[pscustomobject]@{ LP = 'a', 'b', 'c' }")]
    [InlineData("$ExecutionContext.InvokeProvider.Item.Get('[abc]')")]
    public void Files_come_down_the_pipeline(string source)
    {
        Directory.CreateDirectory(_workspace["other"]);
        ShellRun run = _shell.Run($"{source} | Copy-ItemZeroCopy -Destination other -ErrorAction SilentlyContinue");
        Assert.Equal([_workspace["a"], _workspace["b"], _workspace["c"]], run.All("Source"));
    }

    [Fact]
    public void Results_go_on_by_their_path()
    {
        Directory.CreateDirectory(_workspace["on"]);
        ShellRun run = _shell.Run("Copy-ItemZeroCopy a, b to | Copy-ItemZeroCopy -Destination on");
        Assert.Equal([_workspace["to/a"], _workspace["to/b"]], run.All("Source"));
    }

    [Fact]
    public void A_table_may_name_the_destinations()
    {
        ShellRun run = _shell.Run(
            "[pscustomobject]@{ Path = 'a'; Destination = 'to/x' }, [pscustomobject]@{ Path = 'b'; Destination = 'to/y' } | Copy-ItemZeroCopy");
        Assert.Equal([_workspace["to/x"], _workspace["to/y"]], run.All("Destination"));
    }

    [Fact]
    public void Results_come_one_by_one()
    {
        ShellRun run = _shell.Run("Copy-ItemZeroCopy a, b, c to | ForEach-Object { [IO.Directory]::GetFiles(\"$PWD/to\").Count }");
        Assert.Equal(["1", "2", "3"], run.Output.Select(count => count.ToString()));
    }

    [Fact]
    public void Results_of_a_pipeline_come_in_its_order_when_their_files_are_there()
    {
        ShellRun run = _shell.Run("'a', 'b', 'c' | Copy-ItemZeroCopy -Destination to | ForEach-Object { [IO.File]::ReadAllText($_.Destination) }");
        Assert.Equal(["a", "b", "c"], run.Output.Select(content => content.ToString()));
    }

    [Fact]
    public void An_error_ends_only_its_own_file()
    {
        ShellRun run = _shell.Run("'a', 'missing', 'b', 'none*', 'c' | Copy-ItemZeroCopy -Destination to");
        Assert.Equal(3, run.Output.Count);
        Assert.Equal(["SourceNotFound", "NoMatch"], run.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
    }

    [Fact]
    public void An_error_ends_everything_where_the_user_wants_it()
    {
        ShellRun run = _shell.Run("'a', 'missing', 'b' | Copy-ItemZeroCopy -Destination to -ErrorAction Stop");
        Assert.Equal("SourceNotFound,Splice.Commands.CopyItemZeroCopyCommand", run.Failure?.FullyQualifiedErrorId);
        Assert.Equal(["a"], Directory.GetFiles(_workspace["to"]).Select(Path.GetFileName));
    }

    [Fact]
    public void Two_sources_never_make_one_file()
    {
        ShellRun run = _shell.Run("'a', 'b' | Copy-ItemZeroCopy -Destination one -Force");
        Assert.Equal([_workspace["one"]], run.All("Destination"));
        ErrorRecord error = Assert.Single(run.Errors);
        Assert.Equal("DestinationExists,Splice.Commands.CopyItemZeroCopyCommand", error.FullyQualifiedErrorId);
        Assert.Equal(_workspace["one"], error.TargetObject);
        Assert.Equal("a", File.ReadAllText(_workspace["one"]));
    }

    public void Dispose()
    {
        _shell.SetLocation("/");
        _workspace.Dispose();
    }
}
