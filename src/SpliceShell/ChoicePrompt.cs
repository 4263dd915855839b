using System.Collections.ObjectModel;
using System.Management.Automation.Host;

namespace Splice.Shell;

/// <summary>The text of a question with a few answers, as pwsh words it, and the answer that was meant.</summary>
internal sealed class ChoicePrompt(Collection<ChoiceDescription> choices, int defaultChoice)
{
    /// <summary>For example "[Y] Yes  [N] No  [?] Help (default is "Y"): ".</summary>
    public string Question
    {
        get
        {
            string labels = string.Join("  ", choices.Select(choice => $"[{KeyOf(choice)}] {NameOf(choice)}"));
            return defaultChoice < 0
                ? $"{labels}  [?] Help: "
                : $"{labels}  [?] Help (default is \"{KeyOf(choices[defaultChoice])}\"): ";
        }
    }

    /// <summary>A line for each answer.</summary>
    public string Help =>
        string.Join(Environment.NewLine, choices.Select(choice => $"{KeyOf(choice)} - {choice.HelpMessage}"));

    /// <summary>The index of the choice that the answer names, or -1.</summary>
    public int Find(string answer)
    {
        if (answer.Length == 0)
        {
            return defaultChoice;
        }

        for (int i = 0; i < choices.Count; i++)
        {
            if (answer.Equals(KeyOf(choices[i]), StringComparison.OrdinalIgnoreCase)
                || answer.Equals(NameOf(choices[i]), StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }

    private static string NameOf(ChoiceDescription choice) =>
        choice.Label.Replace("&", string.Empty, StringComparison.Ordinal);

    // In a label the key follows an ampersand; without one the whole name is the key.
    private static string KeyOf(ChoiceDescription choice)
    {
        int ampersand = choice.Label.IndexOf('&', StringComparison.Ordinal);
        return ampersand >= 0 && ampersand < choice.Label.Length - 1
            ? char.ToUpperInvariant(choice.Label[ampersand + 1]).ToString()
            : choice.Label;
    }
}
