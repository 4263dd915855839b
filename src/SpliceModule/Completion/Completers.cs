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

/// <summary>Offers nothing: this machine's files say nothing about a path on another.</summary>
internal sealed class RemotePathCompleter : IArgumentCompleter
{
    /// <inheritdoc />
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) => [];
}
