using System.Management.Automation;

namespace Splice.Errors;

/// <summary>A wildcard that PowerShell does not understand.</summary>
/// <param name="pattern">The wildcard.</param>
/// <param name="cause">What PowerShell says.</param>
internal sealed class InvalidPatternException(string pattern, WildcardPatternException cause)
    : Exception($"'{pattern}' is no wildcard: {cause.Message}")
{
    /// <summary>The wildcard.</summary>
    public string Pattern { get; } = pattern;
}
