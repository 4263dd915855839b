using System.Collections;
using System.Management.Automation;
using Microsoft.PowerShell.Commands;
using Splice.Binding;

namespace Splice.Completion;

/// <summary>The source and destination that are on the command line, as far as they are known before it runs.</summary>
/// <param name="source">The source's path, or a pattern in its last part.</param>
/// <param name="isPattern">Which of them it is.</param>
/// <param name="destination">The destination's path.</param>
/// <param name="bound">What the other parameters have.</param>
internal sealed class PairOnLine(string source, bool isPattern, string destination, IDictionary bound)
{
    private static readonly char[] PatternCharacters = ['*', '?', '[', '`'];

    /// <summary>Finds them, and looks at no file; null where one of them is no path, or not known.</summary>
    /// <param name="bound">The parameters on the line.</param>
    public static PairOnLine? Of(IDictionary bound)
    {
        string? literal = First(bound["LiteralPath"]);
        string? source = literal ?? First(bound["Path"]);
        string? destination = First(bound["Destination"]);
        if (source is null || destination is null)
        {
            return null;
        }

        PathIntrinsics paths = PathsOfThisRunspace();
        return Resolve(paths, source) is { } from && Resolve(paths, destination) is { } to
            ? new PairOnLine(from, literal is null && source.IndexOfAny(PatternCharacters) >= 0, to, bound)
            : null;
    }

    /// <summary>Tells what can be done with them. It may wait for a file system that hangs.</summary>
    /// <returns>Null where a copy could not begin: what is missing is told when it is run.</returns>
    public IReadOnlyList<MethodReport>? Test()
    {
        try
        {
            using var moment = new CancellationTokenSource(Promptly.Patience);
            return (isPattern ? FirstMatch() : source) is not { } path ? null : MethodTest.Run(new MethodTestRequest
            {
                Source = StreamEnd.OfPath(path),
                Destination = StreamEnd.OfPath(destination),
                Offset = Number("Offset"),
                Count = Number("Count"),
                DestinationOffset = Number("DestinationOffset"),
            }, new TransferMonitor(Cancellation: moment.Token));
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

    private static string? Resolve(PathIntrinsics paths, string path)
    {
        try
        {
            if (PlainPath.TryResolve(path, paths.CurrentLocation) is { } plain)
            {
                return plain;
            }

            string found = paths.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
            return provider.ImplementingType == typeof(FileSystemProvider) ? found : null;
        }
        catch (Exception exception) when (PathResolver.IsPathProblem(exception))
        {
            return null;
        }
    }

    private string? FirstMatch()
    {
        var pattern = WildcardPattern.Get(Path.GetFileName(source), WildcardOptions.IgnoreCase);
        return Directory.EnumerateFiles(Path.GetDirectoryName(source)!).FirstOrDefault(file => pattern.IsMatch(Path.GetFileName(file)));
    }

    private long? Number(string parameter) =>
        bound[parameter] is { } value && LanguagePrimitives.TryConvertTo(value, out long number) ? number : null;
}

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

/// <summary>Asks what may take long, and waits a moment: a network that is dead must not hold up who types.</summary>
internal static class Promptly
{
    /// <summary>How long who types waits.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private static volatile Task? _last;

    /// <summary>The answer; null where there is none in time, or the last question still waits for its own.</summary>
    /// <param name="ask">Asks; throws nothing, and may be left alone.</param>
    public static T? Answer<T>(Func<T?> ask)
        where T : class
    {
        if (_last is { IsCompleted: false })
        {
            return null;
        }

        Task<T?> asked = Task.Factory.StartNew(ask, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _last = asked;
        return asked.Wait(Patience) ? asked.Result : null;
    }
}
