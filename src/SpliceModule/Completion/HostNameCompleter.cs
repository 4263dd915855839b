using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Splice.Completion;

/// <summary>Offers the hosts that the user's ssh knows; a user's name before an @ stays.</summary>
internal sealed class HostNameCompleter : IArgumentCompleter
{
    /// <inheritdoc />
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string word = wordToComplete.Trim('\'', '"');
        int name = word.LastIndexOf('@') + 1;
        return from host in SshHosts.Find(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile))
               where host.Name.StartsWith(word[name..], StringComparison.OrdinalIgnoreCase)
               let text = word[..name] + host.Name
               select new CompletionResult(Quote(text), text, CompletionResultType.ParameterValue, host.Origin);
    }

    /// <summary>PowerShell takes a bracket or a colon in a word as it stands, but not an @ before it.</summary>
    private static string Quote(string text) => text.StartsWith('[') || text.StartsWith('@') ? $"'{text}'" : text;
}
