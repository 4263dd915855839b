using System.Management.Automation;

namespace Splice.Completion;

/// <summary>Turns names and what they mean into what the Tab key offers.</summary>
internal static class Offers
{
    /// <summary>Those names that begin as the word does, in the order given.</summary>
    /// <param name="names">The names, each with its tooltip.</param>
    /// <param name="word">What was typed, in quotes or not.</param>
    public static IReadOnlyList<CompletionResult> Of<TName>(IEnumerable<KeyValuePair<TName, string>> names, string word)
        where TName : struct, Enum =>
    [
        .. from name in names
           let text = name.Key.ToString()
           where text.StartsWith(word.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase)
           select new CompletionResult(text, text, CompletionResultType.ParameterValue, name.Value),
    ];
}
