using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Splice.Completion;

/// <summary>Offers nothing: this machine's files say nothing about a path on another.</summary>
internal sealed class RemotePathCompleter : IArgumentCompleter
{
    /// <inheritdoc />
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) => [];
}
