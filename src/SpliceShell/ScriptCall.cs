using System.Management.Automation.Language;
using System.Text.RegularExpressions;

namespace Splice.Shell;

/// <summary>Puts the call of a script with the arguments of a command line into PowerShell code.</summary>
internal static partial class ScriptCall
{
    /// <summary>Code that runs the script and ends as it does: with the number after "exit", or 1 after an error.</summary>
    public static string Write(string path, string[] args)
    {
        List<string> words = [Quote(Path.GetFullPath(path))];
        for (int i = 0; i < args.Length; i++)
        {
            Match parameter = Parameter().Match(args[i]);
            string name = parameter.Groups["name"].Value;
            string value = parameter.Groups["value"].Value;
            bool valueFollows = parameter.Groups["colon"].Success && i + 1 < args.Length;
            words.Add(parameter.Success switch
            {
                false => Quote(args[i]),
                true when value.Length > 0 => $"{name}:{WriteValue(value)}",
                true when valueFollows => $"{name}:{Quote(args[++i])}",
                true => name,
            });
        }

        // A script that says "exit 3" leaves the 3 behind and makes $? false.
        return $"& {string.Join(' ', words)}; if (-not $?) {{ exit ($LASTEXITCODE ? $LASTEXITCODE : 1) }}";
    }

    private static string WriteValue(string text) =>
        bool.TryParse(text.TrimStart('$'), out bool value) ? (value ? "$true" : "$false") : Quote(text);

    private static string Quote(string text) => $"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'";

    [GeneratedRegex(@"^(?<name>-[\p{L}_?][\w-]*)((?<colon>:)(?<value>.*))?\z", RegexOptions.Singleline)]
    private static partial Regex Parameter();
}
