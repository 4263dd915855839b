using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Splice.Completion;

/// <summary>Offers paths as they stand. Left alone, PowerShell puts backticks before brackets, which where no wildcard is
/// expanded name another file; it does not where the parameter's name is LiteralPath.</summary>
internal sealed class LiteralPathCompleter : IArgumentCompleter
{
    /// <inheritdoc />
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string line = $"Microsoft.PowerShell.Management\\Get-Item -LiteralPath {wordToComplete}";
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        return CommandCompletion.CompleteInput(line, line.Length, options: null, shell).CompletionMatches;
    }
}
