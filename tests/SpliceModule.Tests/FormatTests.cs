using System.Globalization;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>The table that results are shown as.</summary>
public sealed class FormatTests(ModuleShell shell) : IClassFixture<ModuleShell>, IDisposable
{
    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData("", "1.50 KiB")]
    [InlineData("de-DE", "1,50 KiB")]
    public void Its_columns_speak_the_users_language(string culture, string copied)
    {
        string source = _workspace.WriteRandom("a", 1536);
        ShellRun run = shell.Run(
            """
            [cultureinfo]::CurrentCulture = $args[2]
            $result = Copy-ItemZeroCopy $args[0] $args[1] -Method SendFile
            $view = [System.Management.Automation.CmdletInfo]::new('Format-Default', [Microsoft.PowerShell.Commands.FormatDefaultCommand])
            ($result | & $view).formatEntryInfo.formatPropertyFieldList.propertyValue
            """,
            source, _workspace["b"], culture);
        Assert.Empty(run.Errors);
        string[] cells = [.. run.Output.Select(cell => cell.ToString())];
        string decimals = CultureInfo.GetCultureInfo(culture).NumberFormat.NumberDecimalSeparator;
        Assert.Equal([copied, "0 B", "SendFile"], cells[..3]);
        Assert.Matches($"^[0-9]+[{decimals}][0-9]{{3}}$", cells[3]);
        Assert.EndsWith("B/s", cells[4], StringComparison.Ordinal);
        Assert.Equal(_workspace["b"], cells[5]);
    }

    [Theory]
    [InlineData("splice", "gift")]
    [InlineData("SPLICE", "GIFT")]
    public void Names_are_understood_in_Turkish(string method, string flags)
    {
        string source = _workspace.WriteRandom("a", 10);
        ShellRun run = shell.Run(
            "[cultureinfo]::CurrentCulture = 'tr-TR'; Copy-ItemZeroCopy $args[0] $args[1] -Method $args[2] -Flags $args[3]",
            source, _workspace["b"], method, flags);
        Assert.Equal("Splice", run["Method"]?.ToString());
        Assert.Equal("Gift", run["Flags"]?.ToString());
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "0.98 KiB")]
    [InlineData(1024, "1.00 KiB")]
    [InlineData(10240, "10.0 KiB")]
    [InlineData(long.MaxValue, "8.00 EiB")]
    public void Sizes_have_three_digits(long bytes, string text) => Assert.Equal(
        text, shell.Run("[cultureinfo]::CurrentCulture = ''; [Splice.ByteSize]::Format($args[0])", bytes).Output[0].ToString());

    public void Dispose() => _workspace.Dispose();
}
