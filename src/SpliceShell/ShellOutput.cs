using System.Management.Automation;
using System.Management.Automation.Internal;

namespace Splice.Shell;

/// <summary>Standard output or standard error, in color only where somebody sees it.</summary>
internal sealed class ShellOutput(TextWriter writer, bool isTerminal)
{
    public bool IsTerminal { get; } = isTerminal;

    public bool HasColors { get; } = isTerminal && Environment.GetEnvironmentVariable("NO_COLOR") is null;

    public void Write(string? text) =>
        writer.Write(HasColors || text is null ? text : new StringDecorated(text).ToString(OutputRendering.PlainText));
}
