using System.Text;
using Splice.Copying;

namespace Splice.Streaming.Remote.Trees;

/// <summary>The access control lists of a tree on a host. The mode of an item with a list has the list's mask where the permissions
/// of the group are otherwise.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man1/getfacl.1.html">getfacl(1)</see></remarks>
internal sealed class HostAccessLists
{
    private const string FileLine = "# file: ";
    private const string DefaultEntry = "default:";

    private readonly Dictionary<string, (byte[]? Access, byte[]? Default)> _lists = [];

    /// <summary>Number of items that have an access list of which nothing else is known.</summary>
    public int UnknownCount { get; private set; }

    /// <summary>Reads what getfacl prints of a tree. An item without entries has a list that is not known.</summary>
    public static HostAccessLists Parse(string text)
    {
        var lists = new HostAccessLists();
        string? path = null;
        List<string> entries = [];
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith(FileLine, StringComparison.Ordinal))
            {
                lists.Add(path, entries);
                path = line[FileLine.Length..];
                entries.Clear();
            }
            else if (line.Length > 0 && line[0] != '#')
            {
                entries.Add(line);
            }
        }

        lists.Add(path, entries);
        return lists;
    }

    /// <summary>Returns the lists of an item as the kernel has them: null for none, empty for one that is not known.</summary>
    /// <param name="path">The path in the tree, as tar has it.</param>
    public (byte[]? Access, byte[]? Default) Find(string path) => _lists.GetValueOrDefault(Normalize(path));

    private static string Normalize(string path) => string.Join('/', path.Split('/').Where(name => name is not ("" or ".")));

    /// <summary>Undoes the escapes of getfacl and of ls -b: three octal digits for a byte, C's letters, and the character itself.</summary>
    private static string Unescape(string text)
    {
        List<byte> bytes = [];
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(text);
        while (!rest.IsEmpty)
        {
            (byte next, int length) = rest switch
            {
                [(byte)'\\', >= (byte)'0' and <= (byte)'3' and byte a, >= (byte)'0' and <= (byte)'7' and byte b, >= (byte)'0' and <= (byte)'7' and byte c, ..]
                    => ((byte)(((a - '0') << 6) | ((b - '0') << 3) | (c - '0')), 4),
                [(byte)'\\', byte letter, ..] => (Control(letter), 2),
                _ => (rest[0], 1),
            };
            bytes.Add(next);
            rest = rest[length..];
        }

        return Encoding.UTF8.GetString([.. bytes]);

        static byte Control(byte letter) => (char)letter switch
        {
            'a' => 7,
            'b' => 8,
            't' => 9,
            'n' => 10,
            'v' => 11,
            'f' => 12,
            'r' => 13,
            _ => letter,
        };
    }

    private void Add(string? path, List<string> entries)
    {
        if (path is null)
        {
            return;
        }

        string[] defaults = [.. entries.Where(IsDefault).Select(entry => entry[DefaultEntry.Length..])];
        string[] access = [.. entries.Where(entry => !IsDefault(entry))];

        // Three entries are what the mode says; only a list with more has a mask.
        bool isKnown = entries.Count > 0;
        byte[]? list = !isKnown ? []
            : access.Any(entry => entry.StartsWith("mask:", StringComparison.Ordinal)) ? AccessControlList.FromText(access) ?? []
            : null;
        UnknownCount += list is [] ? 1 : 0;
        _lists[Normalize(Unescape(path))] = (list, defaults.Length > 0 ? AccessControlList.FromText(defaults) : null);

        static bool IsDefault(string entry) => entry.StartsWith(DefaultEntry, StringComparison.Ordinal);
    }
}
