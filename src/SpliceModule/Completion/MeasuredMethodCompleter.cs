using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Splice.Completion;

/// <summary>Offers what can be measured: the methods, and the baselines beside them.</summary>
internal sealed class MeasuredMethodCompleter : IArgumentCompleter
{
    private static readonly Dictionary<MeasuredMethod, string> Baselines = new()
    {
        [MeasuredMethod.StreamCopyTo] = "A baseline: Stream.CopyTo from one FileStream to another",
        [MeasuredMethod.FileCopy] = "A baseline: File.Copy, which is what Copy-Item calls",
    };

    /// <inheritdoc />
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Offers.Of(
            MethodCompleter.Meanings.Where(method => method.Key != TransferMethod.Auto)
                .Select(method => KeyValuePair.Create((MeasuredMethod)method.Key, method.Value))
                .Concat(Baselines),
            wordToComplete);
}
