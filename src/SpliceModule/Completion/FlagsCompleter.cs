using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Splice.Completion;

/// <summary>Offers the flags of splice(2), each with what it does.</summary>
internal sealed class FlagsCompleter : IArgumentCompleter
{
    private static readonly Dictionary<SpliceFlags, string> Meanings = new()
    {
        [SpliceFlags.More] = "SPLICE_F_MORE: more data will follow; a TCP socket may wait with a packet that is not full",
        [SpliceFlags.Move] = "SPLICE_F_MOVE: move pages and do not copy them; a hint that Linux has not acted upon since 2.6.21",
        [SpliceFlags.NonBlock] = "SPLICE_F_NONBLOCK: do not wait; what can be moved at once is moved",
        [SpliceFlags.Gift] = "SPLICE_F_GIFT: only vmsplice(2) uses it; splice(2) ignores it",
        [SpliceFlags.None] = "No flag",
    };

    /// <inheritdoc />
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Offers.Of(Meanings, wordToComplete);
}
