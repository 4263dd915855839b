using System.Text;

namespace Splice.Streaming.Remote;

/// <summary>The shell scripts that run on hosts: embedded resources, whose sources are in the folder Scripts.</summary>
internal static class HostScript
{
    // The prefixes of the lines that the scripts print.
    public const string Ready = "splice-ready ";
    public const string File = "splice-file ";
    public const string Tree = "splice-tree ";
    public const string Note = "splice-note ";
    public const string Alive = "splice-alive";
    public const string Complete = "splice-complete";
    public const string Done = "splice-done";

    /// <summary>The line on standard error before those of the script.</summary>
    public const string Errors = "\nsplice-errors\n";

    /// <summary>The line without which send-file.sh renames nothing.</summary>
    public const string Commit = "commit";

    // The names beside the tree in the stream for send-tree.sh; the last one is that line.
    public const string TreeName = "tree";
    public const string Sums = "sums";
    public const string EscapedSums = "escaped-sums";
    public const string End = "end";
    public const string Filler = "filler";

    /// <summary>One command that runs a script, for the POSIX shell that the user logs in with.</summary>
    /// <param name="parameters">The positional parameters before the options, of any characters.</param>
    public static string Command(string name, RemoteRequest request, params string[] parameters)
    {
        // The script travels in the command line, which some servers limit to 9,000 characters.
        string text = Read(name).Replace(". ./common.sh\n", Read("common.sh"), StringComparison.Ordinal);
        return $"exec sh -c {Quote(text)} splice {string.Join(' ', parameters.Concat(Options(request)).Select(Quote))}";
    }

    /// <summary>Quotes a word for a POSIX shell.</summary>
    public static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>Reads a script without comments and indentation.</summary>
    public static string Read(string name)
    {
        using var reader = new StreamReader(typeof(HostScript).Assembly.GetManifestResourceStream(name)!);
        var text = new StringBuilder();
        while (reader.ReadLine() is string line)
        {
            string code = line.TrimStart(' ');
            if (code.Length > 0 && code[0] != '#')
            {
                text.Append(code).Append('\n');
            }
        }

        return text.ToString();
    }

    private static IEnumerable<string> Options(RemoteRequest request) => new (string Word, bool IsSet)[]
    {
        ("verify", request.Verify),
        ("keep", request.NoClobber),
        ("force", request.Force),
        ("mode", request.Preserve.HasFlag(PreserveAttributes.Mode)),
        ("times", request.Preserve.HasFlag(PreserveAttributes.Timestamps)),
        ("owner", request.Preserve.HasFlag(PreserveAttributes.Ownership)),
        ("links", request.Preserve.HasFlag(PreserveAttributes.HardLink)),
        ("xattr", request.Preserve.HasFlag(PreserveAttributes.Xattr)),
        ("acl", request.Preserve.HasFlag(PreserveAttributes.Acl)),
    }.Where(option => option.IsSet).Select(option => option.Word);
}
