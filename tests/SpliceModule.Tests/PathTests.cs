using System.Management.Automation;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>How paths are understood.</summary>
public sealed class PathTests : IClassFixture<ModuleShell>, IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly ModuleShell _shell;

    public PathTests(ModuleShell shell)
    {
        _shell = shell;
        Directory.CreateDirectory(_workspace["to"]);
        shell.SetLocation(_workspace.Folder);
    }

    public static TheoryData<string> OddNames =>
    [
        "with space", " leading", "trailing ", "a[1].txt", "[", "]", "star*", "question?", "new\nline", "quote'",
        "double\"quote", "`backtick", "-Destination", "~", "$HOME", "#hash", "semi;colon", "colon:name", "ü", "🚀", "...",
    ];

    [Theory]
    [MemberData(nameof(OddNames))]
    public void An_odd_name_is_a_source_and_a_destination(string name)
    {
        _workspace.Write(name, [1]);
        Assert.Equal(_workspace[$"to/{name}"], _shell.Copy(_workspace[name], _workspace["to"])["Destination"]);
        Assert.Equal(_workspace[name], _shell.Copy(_workspace[$"to/{name}"], _workspace[name])["Destination"]);
    }

    [Theory]
    [MemberData(nameof(OddNames))]
    public void An_odd_name_is_a_path_when_it_is_escaped(string name)
    {
        _workspace.Write(name, [1]);
        string script = "Copy-ItemZeroCopy -Path ([WildcardPattern]::Escape($args[0])) -Destination to";
        Assert.Equal(_workspace[$"to/{name}"], _shell.Run(script, _workspace[name])["Destination"]);
    }

    [Fact]
    public void Relative_paths_start_at_PWD()
    {
        _workspace.Write("a", [1]);
        Assert.NotEqual(_workspace.Folder, Environment.CurrentDirectory);
        Assert.Equal(_workspace["b"], _shell.Copy("a", "b")["Destination"]);
        _shell.SetLocation(_workspace["to"]);
        Assert.Equal(_workspace["to/c"], _shell.Copy("../a", "./x/../c")["Destination"]);
    }

    [Fact]
    public void Wildcards_are_expanded_in_a_path_only()
    {
        _workspace.Write("a1", [1]);
        _workspace.Write("a2", [2]);
        _workspace.Write("b1", [3]);
        ShellRun run = _shell.Run("Copy-ItemZeroCopy 'a*', '[b]?' to");
        Assert.Equal([_workspace["a1"], _workspace["a2"], _workspace["b1"]], run.All("Source"));
        _shell.Copy("a*", "to").FailedWith("SourceNotFound", ErrorCategory.ObjectNotFound, _workspace["a*"], "ENOENT");
        Assert.Equal(_workspace["a*"], _shell.Copy("a1", "a*")["Destination"]);
    }

    [Theory]
    [InlineData("*.none")]
    [InlineData("a[1]")]
    public void A_wildcard_that_matches_nothing_is_an_error(string pattern) => _shell
        .Run("Copy-ItemZeroCopy -Path $args[0] -Destination to", pattern)
        .FailedWith("NoMatch", ErrorCategory.ObjectNotFound, pattern, "-LiteralPath");

    [Fact]
    public void Drives_of_the_user_lead_to_their_folder()
    {
        _workspace.Write("a", [1]);
        ShellRun run = _shell.Run(
            """
            $provider = $ExecutionContext.SessionState.Provider.GetOne('FileSystem')
            $drive = [System.Management.Automation.PSDriveInfo]::new('Own', $provider, $args[0], '', $null)
            $null = $ExecutionContext.SessionState.Drive.New($drive, 'Global')
            Copy-ItemZeroCopy Own:/a Own:/to/b
            $ExecutionContext.SessionState.Drive.Remove('Own', $true, 'Global')
            """,
            _workspace.Folder);
        Assert.Equal(_workspace["to/b"], run["Destination"]);
    }

    [Theory]
    [InlineData("Env:PATH", "Environment")]
    [InlineData("Function:*", "Function")]
    public void Other_providers_have_no_files(string path, string provider)
    {
        _workspace.Write("a", [1]);
        _shell.Run("Copy-ItemZeroCopy $args[0] to", path)
            .FailedWith("NotFileSystem", ErrorCategory.InvalidArgument, path, provider);
        _shell.Copy("a", "Variable:x").FailedWith("NotFileSystem", ErrorCategory.InvalidArgument, "Variable:x", "Variable");
    }

    [Fact]
    public void A_relative_path_on_another_provider_is_no_file()
    {
        _shell.SetLocation("Env:/");
        _shell.Copy("PATH", _workspace["b"]).FailedWith("NotFileSystem", ErrorCategory.InvalidArgument, "PATH");
    }

    [Theory]
    [InlineData("nodrive:/a")]
    [InlineData("nodrive:/*")]
    public void A_drive_that_is_not_there_is_an_error(string path) => _shell
        .Run("Copy-ItemZeroCopy -Path $args[0] -Destination to", path)
        .FailedWith("InvalidPath", ErrorCategory.InvalidArgument, path, "nodrive");

    [Fact]
    public void A_path_may_name_its_provider()
    {
        _workspace.Write("a", [1]);
        Assert.Equal(_workspace["b"], _shell.Copy(
            $"FileSystem::{_workspace["a"]}", $@"Microsoft.PowerShell.Core\FileSystem::{_workspace["b"]}")["Destination"]);
    }

    [Fact]
    public void Only_characters_that_a_kernel_takes_are_a_name() => _shell
        .Copy("a\0b", "to").FailedWith("InvalidPath", ErrorCategory.InvalidArgument, _workspace["a\0b"], "NUL");

    public void Dispose()
    {
        _shell.SetLocation("/");
        _workspace.Dispose();
    }
}
