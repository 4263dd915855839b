using System.Management.Automation;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>The help that ships is committed: here it is held against the cmdlets and against its source, without
/// PlatyPS.</summary>
public sealed class HelpTests(ModuleShell shell) : IClassFixture<ModuleShell>
{
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";

    private static readonly XNamespace Developer = "http://schemas.microsoft.com/maml/dev/2004/10";

    public static TheoryData<string> Cmdlets =>
    [
        "Copy-ItemZeroCopy",
        "Copy-StreamZeroCopy",
        "Invoke-PipelineZeroCopy",
        "Invoke-Splice",
        "Invoke-Tee",
        "Join-ItemZeroCopy",
        "Measure-ZeroCopy",
        "New-SplicePipe",
        "Receive-ItemZeroCopy",
        "Send-ItemZeroCopy",
        "Split-ItemZeroCopy",
        "Test-ZeroCopy",
    ];

    [Fact]
    public void Every_cmdlet_has_its_help_and_nothing_else_has()
    {
        IEnumerable<string> exported = shell.Run("Get-Command -Module Splice").Output.Select(c => ((CmdletInfo)c.BaseObject).Name);
        Assert.Equal(exported.Order(), CommandHelp().Select(NameOf).Order());
        Assert.Equal(exported.Order(), Cmdlets.Select(row => row.Data).Order());
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void The_parameters_are_those_of_the_cmdlet(string cmdlet)
    {
        var info = (CmdletInfo)shell.Run("Get-Command $args[0]", cmdlet).Output.Single().BaseObject;
        IEnumerable<string> real =
            from parameter in info.Parameters.Values
            where !Cmdlet.CommonParameters.Contains(parameter.Name)
            let attribute = parameter.Attributes.OfType<ParameterAttribute>().First()
            let position = attribute.Position >= 0 ? $"{attribute.Position}" : "Named"
            let aliases = parameter.Aliases.Count == 0 ? "none" : string.Join(", ", parameter.Aliases)
            orderby parameter.Name
            select $"{parameter.Name} {parameter.ParameterType} required={attribute.Mandatory} position={position} aliases={aliases}";
        IEnumerable<string> documented =
            from parameter in Parameters(cmdlet)
            let name = parameter.Element(Maml + "name")!.Value
            let type = parameter.Element(Developer + "type")!.Value.Trim()
            orderby name
            select $"{name} {type} required={bool.Parse(parameter.Attribute("required")!.Value)} "
                + $"position={parameter.Attribute("position")!.Value} aliases={parameter.Attribute("aliases")!.Value}";
        Assert.Equal(real, documented);
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Every_text_of_the_page_is_in_the_help(string cmdlet)
    {
        string page = File.ReadAllText(Path.Combine(Repository.Folder, "docs", "en-US", $"{cmdlet}.md"));
        string help = Fold(CommandHelp().Single(command => NameOf(command) == cmdlet).Value);

        // Prose only: not the tables about parameters, the headings, and what PlatyPS leaves out.
        string prose = Regex.Replace(page, @"(?s)^---.*?^---|^```yaml.*?^```|^### CommonParameters.*?(?=^## )|^## (SYNTAX|ALIASES|RELATED).*?(?=^## |\z)", "", RegexOptions.Multiline);
        string[] lines = [.. prose.Split('\n').Where(line => line.Length > 0 && line[0] is not ('#' or '-' or '`'))];
        Assert.True(lines.Length > 30);
        Assert.All(lines, line => Assert.Contains(Fold(line), help, StringComparison.Ordinal));
    }

    private static IEnumerable<XElement> CommandHelp() =>
        XDocument.Load(Path.Combine(AppContext.BaseDirectory, "Splice", "en-US", "SpliceModule.dll-Help.xml"))
            .Descendants(Command + "command");

    private static string NameOf(XElement command) => command.Descendants(Command + "name").First().Value;

    private static IEnumerable<XElement> Parameters(string cmdlet) =>
        CommandHelp().Single(command => NameOf(command) == cmdlet).Elements(Command + "parameters").Elements();

    private static string Fold(string text) => Regex.Replace(text, @"\s+", " ").Trim();
}
