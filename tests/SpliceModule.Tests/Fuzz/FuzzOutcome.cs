using System.Management.Automation;
using System.Text.RegularExpressions;

namespace Splice.ModuleTests.Fuzz;

/// <summary>What a call may come to: results of the declared kind, errors of ours, and parameters that do not bind.</summary>
public static partial class FuzzOutcome
{
    private static readonly string[] OtherIds = ["NoMatch", "NotFileSystem", "InvalidPattern", "CommandNotFound", "NotNativePipeline", "StandardError"];

    /// <summary>What is not as it should be; null where all is.</summary>
    /// <param name="call">The call.</param>
    /// <param name="output">What it emitted.</param>
    /// <param name="errors">What it wrote as errors.</param>
    /// <param name="failure">What ended it; null where nothing did.</param>
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

        // The record of an exception knows its own exception in words only.
        return (failure is null ? null : Fault(failure.ErrorRecord, failure is ActionPreferenceStopException stop ? stop.ErrorRecord.Exception : failure, knownIds))
            ?? errors.Select(error => Fault(error, error.Exception, knownIds)).FirstOrDefault(fault => fault is not null);
    }

    /// <summary>The id without the cmdlet.</summary>
    public static string IdOf(ErrorRecord error) => error.FullyQualifiedErrorId.Split(',')[0];

    private static string? Fault(ErrorRecord error, Exception exception, IReadOnlySet<string> knownIds)
    {
        string id = error.FullyQualifiedErrorId;
        if (exception is ParameterBindingException binding)
        {
            // A transformation of ours that fails by mistake looks the same but for this.
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
