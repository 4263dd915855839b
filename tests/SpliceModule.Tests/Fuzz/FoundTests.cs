using System.Management.Automation;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests.Fuzz;

/// <summary>What random calls have found, each by itself.</summary>
public sealed class FoundTests : IClassFixture<ModuleShell>, IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly ModuleShell _shell;

    public FoundTests(ModuleShell shell)
    {
        _shell = shell;
        _shell.SetLocation(_workspace.Folder);
        _workspace.WriteRandom("source", 5000);
    }

    [Theory]
    [InlineData("copy")]
    [InlineData("gone/copy")]
    public void A_path_has_no_end_to_close(string destination)
    {
        ShellRun run = _shell.Run("Copy-StreamZeroCopy source $args[0] -CloseDestination", destination);

        Assert.Null(run.Failure);
        Assert.Equal(destination == "copy" ? 0 : 1, run.Errors.Count);
    }

    [Theory]
    [InlineData("Include", "[")]
    [InlineData("Exclude", "[z-a]")]
    public void A_pattern_that_is_none(string parameter, string pattern)
    {
        ShellRun run = _shell.Run("$more = @{ $args[0] = '*', $args[1] }; Copy-ItemZeroCopy source copy @more", parameter, pattern);

        ErrorRecord error = Assert.Single(run.Errors);
        Assert.Equal("InvalidPattern,Splice.Commands.CopyItemZeroCopyCommand", error.FullyQualifiedErrorId);
        Assert.Equal((ErrorCategory.InvalidArgument, pattern), (error.CategoryInfo.Category, error.TargetObject));
        Assert.Equal(["source"], _workspace.Names);
    }

    public void Dispose() => _workspace.Dispose();
}
