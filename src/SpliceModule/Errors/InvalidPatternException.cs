using System.Management.Automation;

namespace Splice.Errors;

/// <summary>A wildcard that PowerShell does not understand.</summary>
internal sealed class InvalidPatternException : Exception
{
    /// <param name="pattern">The wildcard.</param>
    /// <param name="cause">What PowerShell says.</param>
    public InvalidPatternException(string pattern, WildcardPatternException cause)
        : base($"{Describe(pattern, cause)} {Cure}")
    {
        Pattern = pattern;
        Problem = Describe(pattern, cause);
    }

    /// <summary>What to do about it.</summary>
    public const string Cure = "Close its brackets, or put ` before a [ that is meant literally.";

    /// <summary>The wildcard.</summary>
    public string Pattern { get; }

    /// <summary>What is wrong with it.</summary>
    public string Problem { get; }

    private static string Describe(string pattern, WildcardPatternException cause) => $"'{pattern}' is no wildcard: {cause.Message}.";
}
