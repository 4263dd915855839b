using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Splice.Binding;

namespace Splice.Completion;

/// <summary>Completes the flags of splice(2), with their meanings.</summary>
internal sealed class FlagsCompleter : IArgumentCompleter
{
    private static readonly Dictionary<SpliceFlags, string> Meanings = new()
    {
        [SpliceFlags.More] = "SPLICE_F_MORE: more data will follow; a TCP socket may delay a packet that is not full",
        [SpliceFlags.Move] = "SPLICE_F_MOVE: move pages and do not copy them; a hint that Linux has not acted upon since 2.6.21",
        [SpliceFlags.NonBlock] = "SPLICE_F_NONBLOCK: do not wait; what can be moved at once is moved",
        [SpliceFlags.Gift] = "SPLICE_F_GIFT: only vmsplice(2) uses it; splice(2) ignores it",
        [SpliceFlags.None] = "No flag",
    };

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        CompletionResults.Create(Meanings, wordToComplete);
}

/// <summary>Completes the hosts of the user's ssh files, also after a user's name and an @.</summary>
internal sealed class HostNameCompleter : IArgumentCompleter
{
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

    // PowerShell parses neither a bracket nor an @ at the start of a word as it stands.
    private static string Quote(string text) => text.StartsWith('[') || text.StartsWith('@') ? $"'{text}'" : text;
}

/// <summary>Completes paths in which no wildcard is expanded. PowerShell itself puts backticks before brackets, and then they name
/// another file, unless the parameter's name is LiteralPath.</summary>
internal sealed class LiteralPathCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string line = $"Microsoft.PowerShell.Management\\Get-Item -LiteralPath {wordToComplete}";
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        return CommandCompletion.CompleteInput(line, line.Length, options: null, shell).CompletionMatches;
    }
}

/// <summary>Completes the methods and baselines of a measurement.</summary>
internal sealed class MeasuredMethodCompleter : IArgumentCompleter
{
    private static readonly Dictionary<MeasuredMethod, string> Baselines = new()
    {
        [MeasuredMethod.StreamCopyTo] = "A baseline: Stream.CopyTo from one FileStream to another",
        [MeasuredMethod.FileCopy] = "A baseline: File.Copy, which is what Copy-Item calls",
    };

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        CompletionResults.Create(
            MethodCompleter.Meanings.Where(method => method.Key != TransferMethod.Auto)
                .Select(method => KeyValuePair.Create((MeasuredMethod)method.Key, method.Value))
                .Concat(Baselines),
            wordToComplete);
}

/// <summary>Completes the methods that are available for the paths on the command line, with the reasons; all methods where the
/// paths are not complete yet. One that is not available is completed only if no other begins with the word.</summary>
internal sealed class MethodCompleter : IArgumentCompleter
{
    /// <summary>The meanings of the methods for any pair of paths.</summary>
    public static readonly IReadOnlyDictionary<TransferMethod, string> Meanings = new Dictionary<TransferMethod, string>
    {
        [TransferMethod.Auto] = "The first available method, fastest first",
        [TransferMethod.Reflink] = "Shares the blocks on the disk: no byte is moved",
        [TransferMethod.CopyFileRange] = "copy_file_range(2): between regular files, inside the kernel",
        [TransferMethod.SendFile] = "sendfile(2): from a file or block device to anything",
        [TransferMethod.Splice] = "splice(2): through a pipe, between any source and destination",
        [TransferMethod.ReadWrite] = "read(2) and write(2): always possible",
    };

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        if (BoundPathPair.From(fakeBoundParameters) is not { } pair || TimedQuery.Run(pair.Test) is not { } reports)
        {
            return CompletionResults.Create(Meanings, wordToComplete);
        }

        IReadOnlyList<CompletionResult> available = CompletionResults.Create(Available(reports), wordToComplete);
        return available.Count > 0 ? available : CompletionResults.Create(Unavailable(reports), wordToComplete);
    }

    private static IEnumerable<KeyValuePair<TransferMethod, string>> Available(IReadOnlyList<MethodReport> reports)
    {
        string first = reports.FirstOrDefault(report => report.Chosen) is { } chosen ? $": {chosen.Method} here" : string.Empty;
        return reports.Where(report => report.Available)
            .Select(report => KeyValuePair.Create(report.Method, report.Reason))
            .Prepend(KeyValuePair.Create(TransferMethod.Auto, $"The first available method{first}"));
    }

    private static IEnumerable<KeyValuePair<TransferMethod, string>> Unavailable(IReadOnlyList<MethodReport> reports) =>
        from report in reports
        where !report.Available
        select KeyValuePair.Create(report.Method, $"Unavailable here: {report.Reason}");
}

/// <summary>Completes nothing: a path on another host is not one of this host's.</summary>
internal sealed class RemotePathCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) => [];
}

/// <summary>The source and destination on the command line, as far as they are known before it runs. The source can have a pattern in
/// its last part.</summary>
internal sealed class BoundPathPair(string source, bool isPattern, string destination, IDictionary bound)
{
    private static readonly char[] PatternCharacters = ['*', '?', '[', '`'];

    /// <summary>Returns the paths of bound parameters, without accessing a file; null where one is missing or not a path.</summary>
    public static BoundPathPair? From(IDictionary bound)
    {
        string? literal = First(bound["LiteralPath"]);
        string? source = literal ?? First(bound["Path"]);
        string? destination = First(bound["Destination"]);
        if (source is null || destination is null)
        {
            return null;
        }

        PathIntrinsics paths = PathsOfThisRunspace();
        return PathResolver.TryResolve(paths, source) is { } from && PathResolver.TryResolve(paths, destination) is { } to
            ? new BoundPathPair(from, literal is null && source.IndexOfAny(PatternCharacters) >= 0, to, bound)
            : null;
    }

    /// <summary>Tests the methods; null where a copy could not begin. It can wait for a file system that hangs.</summary>
    public IReadOnlyList<MethodReport>? Test()
    {
        try
        {
            using var cancellation = new CancellationTokenSource(TimedQuery.Timeout);
            return (isPattern ? FirstMatch() : source) is not { } path ? null : MethodTest.Run(new MethodTestRequest
            {
                Source = TransferEndpoint.OfPath(path),
                Destination = TransferEndpoint.OfPath(destination),
                Offset = Number("Offset"),
                Count = Number("Count"),
                DestinationOffset = Number("DestinationOffset"),
            }, new TransferMonitor(Cancellation: cancellation.Token));
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or UnauthorizedAccessException or ArgumentException or WildcardPatternException)
        {
            return null;
        }
    }

    private static string? First(object? value) =>
        LanguagePrimitives.ConvertTo<string>(value is object[] several ? several.FirstOrDefault() : value) is { Length: > 0 } path ? path : null;

    private static PathIntrinsics PathsOfThisRunspace()
    {
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        return ((EngineIntrinsics)shell.AddScript("$ExecutionContext", useLocalScope: true).Invoke()[0].BaseObject).SessionState.Path;
    }

    private string? FirstMatch()
    {
        var pattern = WildcardPattern.Get(Path.GetFileName(source), WildcardOptions.IgnoreCase);
        return Directory.EnumerateFiles(Path.GetDirectoryName(source)!).FirstOrDefault(file => pattern.IsMatch(Path.GetFileName(file)));
    }

    private long? Number(string parameter) =>
        bound[parameter] is { } value && LanguagePrimitives.TryConvertTo(value, out long number) ? number : null;
}

internal static class CompletionResults
{
    /// <summary>Returns the names that begin with a word, quoted or not, in the order given and with their tooltips.</summary>
    public static IReadOnlyList<CompletionResult> Create<TName>(IEnumerable<KeyValuePair<TName, string>> names, string word)
        where TName : struct, Enum =>
    [
        .. from name in names
           let text = name.Key.ToString()
           where text.StartsWith(word.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase)
           select new CompletionResult(text, text, CompletionResultType.ParameterValue, name.Value),
    ];
}

/// <summary>Runs a query with a timeout: a network that does not respond must not block the command line.</summary>
internal static class TimedQuery
{
    public static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(500);

    private static volatile Task? _last;

    /// <summary>Returns the query's result; null after the timeout, or while the last query still runs.</summary>
    /// <param name="query">The query, which must not throw, and can be abandoned.</param>
    public static T? Run<T>(Func<T?> query)
        where T : class
    {
        if (_last is { IsCompleted: false })
        {
            return null;
        }

        Task<T?> task = Task.Factory.StartNew(query, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _last = task;
        return task.Wait(Timeout) ? task.Result : null;
    }
}
