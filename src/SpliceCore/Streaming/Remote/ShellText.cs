using System.Text;

namespace Splice.Streaming.Remote;

/// <summary>Text for a POSIX shell.</summary>
internal static class ShellText
{
    /// <summary>A word that the shell takes as it stands, whatever is in it.</summary>
    public static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>One command that runs a script with its parameters $1, $2 and so on, whichever POSIX shell the user logs in
    /// with.</summary>
    public static string Command(string script, params string[] parameters)
    {
        var text = new StringBuilder("exec sh -c ").Append(Quote(script)).Append(" splice");
        foreach (string parameter in parameters)
        {
            text.Append(' ').Append(Quote(parameter));
        }

        return text.ToString();
    }
}
