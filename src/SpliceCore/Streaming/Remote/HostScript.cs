using System.Globalization;
using System.Text;

namespace Splice.Streaming.Remote;

/// <summary>The shell scripts that run on hosts: embedded resources, whose sources are in the folder Scripts.</summary>
internal static class HostScript
{
    // The prefixes of the lines that the scripts print.
    public const string Ready = "splice-ready ";
    public const string File = "splice-file ";
    public const string Tree = "splice-tree ";
    public const string Paths = "splice-paths";
    public const string List = "splice-list ";
    public const string Equal = "splice-equal ";
    public const string Old = "splice-old ";
    public const string Sum = "splice-sum ";
    public const string Tool = "splice-tool ";
    public const string Blocks = "splice-blocks";
    public const string Failed = "splice-failed ";
    public const string Path = "splice-path ";
    public const string Mount = "splice-mount ";
    public const string Removed = "splice-removed ";
    public const string Left = "splice-left ";
    public const string Note = "splice-note ";
    public const string Alive = "splice-alive";
    public const string Complete = "splice-complete";
    public const string Done = "splice-done";

    /// <summary>The line on standard error before those of the script.</summary>
    public const string Errors = "\nsplice-errors\n";

    /// <summary>The form of the content of a host that waits for a decision first.</summary>
    public const string Plan = "plan";

    /// <summary>The form of blocks that differ.</summary>
    public const string Delta = "delta";

    /// <summary>The last word of the line with the sum of all blocks, if it is not known which ones are those of the old file.</summary>
    public const string AllBlocks = " all";

    // The lines for send-tree.sh after a listing: nothing differs, or items follow.
    public const string Unchanged = "unchanged";
    public const string Items = "items";

    /// <summary>The line without which send-file.sh renames nothing.</summary>
    public const string Commit = "commit";

    // The names beside the tree in the stream for send-tree.sh; the last one is that line.
    public const string TreeName = "tree";
    public const string Attributes = "attributes";
    public const string Changes = "changes";
    public const string Replaced = "replaced";
    public const string Removals = "removals";
    public const string Sums = "sums";
    public const string EscapedSums = "escaped-sums";
    public const string Partial = "partial";
    public const string End = "end";
    public const string Filler = "filler";

    private const string BlocksSource = "blocks.sh"; // for -Delta only

    private static readonly string[] Sources = ["common.sh", "listing.sh", "removals.sh", BlocksSource];

    /// <summary>Runs the script in the first line of the input: login shells that are not POSIX shells (csh, fish) read it in the same
    /// way, and servers limit the length of a command. A shell reads a line byte by byte, which takes longer than to start dd(1).</summary>
    /// <param name="length">The length of the line in bytes.</param>
    public static string CommandFor(int length) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""exec sh -c 'LC_ALL=C; export LC_ALL; s=$(dd bs={{length}} count=1 iflag=fullblock 2> /dev/null) || IFS= read -r s; [ "${#s}" -eq {{length - 1}} ] || { echo The transfer was interrupted. >&2; exit 80; }; eval "$(printf %b "$s")"'""");

    /// <summary>The line that <see cref="CommandFor"/> runs.</summary>
    /// <param name="parameters">The positional parameters before the options, of any characters.</param>
    public static byte[] LineOf(string name, RemoteRequest request, params string[] parameters)
    {
        string text = Sources.Aggregate(Read(name), (all, source) => all.Replace(
            $". ./{source}\n", source == BlocksSource && request.Delta == DeltaMode.Never ? string.Empty : Read(source), StringComparison.Ordinal));
        string line = $"set -- {string.Join(' ', parameters.Concat(Options(request)).Select(Quote))}\n{text}";
        return [.. Encoding.UTF8.GetBytes(line).SelectMany(Escape), (byte)'\n'];
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

    /// <summary>Escapes a byte for printf %b.</summary>
    private static byte[] Escape(byte one) => one is >= (byte)' ' and < 0x7F and not (byte)'\\'
        ? [one]
        : Encoding.ASCII.GetBytes($@"\0{Convert.ToString(one, toBase: 8).PadLeft(3, '0')}");

    private static IEnumerable<string> Options(RemoteRequest request) => new (string Word, bool IsSet)[]
    {
        ("verify", request.Verify),
        ("changing", request.AllowChanging),
        ("flush", request.Flush),
        ("resume", request.Resume),
        ("keep", request.NoClobber),
        ("force", request.Force),
        ("mode", request.Preserve.HasFlag(PreserveAttributes.Mode)),
        ("times", request.Preserve.HasFlag(PreserveAttributes.Timestamps)),
        ("owner", request.Preserve.HasFlag(PreserveAttributes.Ownership)),
        ("links", request.Preserve.HasFlag(PreserveAttributes.HardLink)),
        ("xattr", request.Preserve.HasFlag(PreserveAttributes.Xattr)),
        ("acl", request.Preserve.HasFlag(PreserveAttributes.Acl)),
        ("list", request.Update != UpdateMode.Always || (request is ReceiveRequest && request.Filter is not null)),
        ("content", request.Update == UpdateMode.Content),
        ("plan", request.IsDryRun),
        ("remove", request.RemoveExtra),
        ("delta", request is { Delta: not DeltaMode.Never, IsDryRun: false }),
    }.Where(option => option.IsSet).Select(option => option.Word);
}
