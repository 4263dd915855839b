using System.Collections;
using System.Management.Automation;

namespace Splice.Binding;

/// <summary>The environment that commands are started with.</summary>
internal static class ProcessEnvironment
{
    /// <summary>PowerShell's ($env:), with changes.</summary>
    /// <param name="changes">Names and values; null takes a variable away.</param>
    public static IReadOnlyDictionary<string, string> With(IDictionary changes)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            environment[(string)variable.Key] = (string?)variable.Value ?? string.Empty;
        }

        foreach (DictionaryEntry change in changes)
        {
            string name = LanguagePrimitives.ConvertTo<string>(change.Key) ?? string.Empty;
            if (change.Value is null)
            {
                environment.Remove(name);
            }
            else
            {
                environment[name] = LanguagePrimitives.ConvertTo<string>(change.Value) ?? string.Empty;
            }
        }

        return environment;
    }
}
