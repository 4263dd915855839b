using System.Management.Automation;
using System.Text.RegularExpressions;

namespace Splice.Fuzz;

/// <summary>Checks the outcome of a call: results have the declared type, errors are the module's or those of parameter binding.</summary>
public static partial class FuzzOutcome
{
    private static readonly string[] OtherIds = ["NoMatch", "NotFileSystem", "InvalidPattern", "CommandNotFound", "NotNativePipeline", "StandardError"];

    /// <summary>Returns what is wrong; null if nothing is.</summary>
    /// <param name="call">The call.</param>
    /// <param name="output">Its output.</param>
    /// <param name="errors">Its non-terminating errors.</param>
    /// <param name="failure">Its terminating error; null without one.</param>
    /// <param name="knownIds">The names of the engine's error ids.</param>
    public static string? Fault(FuzzCall call, IEnumerable<PSObject> output, IEnumerable<ErrorRecord> errors, RuntimeException? failure, IReadOnlySet<string> knownIds)
    {
        foreach (PSObject item in output)
        {
            if (!call.Cmdlet.OutputType.Any(type => type.Type == item.BaseObject.GetType()) && item.BaseObject is not ErrorRecord)
            {
                return $"emitted {item.BaseObject.GetType()}";
            }
        }

        // The record of a RuntimeException has only the text of its exception.
        return (failure is null ? null : Fault(failure.ErrorRecord, failure is ActionPreferenceStopException stop ? stop.ErrorRecord.Exception : failure, knownIds))
            ?? errors.Select(error => Fault(error, error.Exception, knownIds)).FirstOrDefault(fault => fault is not null);
    }

    /// <summary>Returns the error id without the cmdlet.</summary>
    public static string IdOf(ErrorRecord error) => error.FullyQualifiedErrorId.Split(',')[0];

    private static string? Fault(ErrorRecord error, Exception exception, IReadOnlySet<string> knownIds)
    {
        string id = error.FullyQualifiedErrorId;
        if (exception is ParameterBindingException binding)
        {
            // A bug in one of the module's transformations differs only in this from a value that does not bind.
            return binding.InnerException is { } inner and not RuntimeException
                && inner.StackTrace?.Contains("at Splice.", StringComparison.Ordinal) == true
                ? $"{id}: {inner}"
                : null;
        }

        if (!OurId().IsMatch(id) || !(knownIds.Contains(IdOf(error)) || OtherIds.Contains(IdOf(error))))
        {
            return $"{id}: {exception}";
        }

        return error.CategoryInfo.Category == ErrorCategory.NotSpecified ? $"{id} has no category"
            : exception.Message.Length < 10 && IdOf(error) != "StandardError" ? $"{id} says '{exception.Message}'"
            : null;
    }

    [GeneratedRegex(@"^\w+,Splice\.Commands\.\w+Command$")]
    private static partial Regex OurId();
}
