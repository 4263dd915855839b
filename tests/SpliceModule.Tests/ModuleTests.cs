using System.Management.Automation;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>The module as a whole.</summary>
public sealed class ModuleTests(ModuleShell shell) : IClassFixture<ModuleShell>
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Splice");

    [Fact]
    public void The_folder_has_two_assemblies_and_what_PowerShell_reads() => Assert.Equal(
        ["Splice.Format.ps1xml", "Splice.psd1", "SpliceCore.dll", "SpliceModule.dll"],
        Directory.GetFiles(Folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));

    [Fact]
    public void The_manifest_exports_the_cmdlets_and_nothing_else()
    {
        var module = (PSModuleInfo)Assert.Single(shell.Run("Get-Module Splice").Output).BaseObject;
        Assert.Equal(module.ExportedCmdlets.Count, module.ExportedCommands.Count);
        Assert.Contains("Copy-ItemZeroCopy", module.ExportedCmdlets.Keys);
        Assert.Contains("Invoke-PipelineZeroCopy", module.ExportedCmdlets.Keys);
        Assert.Contains("Invoke-Splice", module.ExportedCmdlets.Keys);
    }

    [Fact]
    public void Types_have_names() =>
        Assert.Equal("5", shell.Run("[int][Splice.SpliceFlags]'Move, More'").Output[0].ToString());

    [Fact]
    public void Results_have_a_declared_type() => Assert.All(
        shell.Run("Get-Command -Module Splice | ForEach-Object { $_.OutputType.Name }").Output,
        name => Assert.Matches(@"^(Splice\.\w+|System\.String)$", name.ToString()));
}
