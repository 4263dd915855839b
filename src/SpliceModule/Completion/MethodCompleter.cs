using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Splice.Completion;

/// <summary>Offers the methods that can serve for the paths that are on the command line, each with the reason; all of them
/// where these are no pair yet. One that cannot serve is only offered to who has typed how it begins, with why not.</summary>
internal sealed class MethodCompleter : IArgumentCompleter
{
    /// <summary>What the methods do, whatever the pair.</summary>
    public static readonly IReadOnlyDictionary<TransferMethod, string> Meanings = new Dictionary<TransferMethod, string>
    {
        [TransferMethod.Auto] = "The first that works, in the order that takes the least time",
        [TransferMethod.Reflink] = "Shares the blocks on the disk: no byte is moved",
        [TransferMethod.CopyFileRange] = "copy_file_range(2): between regular files, inside the kernel",
        [TransferMethod.SendFile] = "sendfile(2): from a file or block device to anything",
        [TransferMethod.Splice] = "splice(2): through a pipe, between anything and anything",
        [TransferMethod.ReadWrite] = "read(2) and write(2): always possible",
    };

    /// <inheritdoc />
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        if (PairOnLine.Of(fakeBoundParameters) is not { } pair || Promptly.Answer(pair.Test) is not { } reports)
        {
            return Offers.Of(Meanings, wordToComplete);
        }

        IReadOnlyList<CompletionResult> possible = Offers.Of(Possible(reports), wordToComplete);
        return possible.Count > 0 ? possible : Offers.Of(Impossible(reports), wordToComplete);
    }

    private static IEnumerable<KeyValuePair<TransferMethod, string>> Possible(IReadOnlyList<MethodReport> reports)
    {
        string first = reports.FirstOrDefault(report => report.Chosen) is { } chosen ? $": {chosen.Method} here" : string.Empty;
        return reports.Where(report => report.Available)
            .Select(report => KeyValuePair.Create(report.Method, report.Reason))
            .Prepend(KeyValuePair.Create(TransferMethod.Auto, $"The first that works{first}"));
    }

    private static IEnumerable<KeyValuePair<TransferMethod, string>> Impossible(IReadOnlyList<MethodReport> reports) =>
        from report in reports
        where !report.Available
        select KeyValuePair.Create(report.Method, $"Not possible here: {report.Reason}");
}
