using System.Formats.Tar;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Sets the metadata of received items of a tree.</summary>
/// <param name="lists">The access control lists of the items on the host.</param>
/// <param name="isExact">True to clear a set-group-ID bit of a folder that the host's does not have, if the owner is preserved as well.</param>
internal sealed class ExtractedMetadata(PreserveAttributes preserve, HostAccessLists lists, MetadataWarnings warnings, bool isExact = false)
{
    /// <summary>Sets the metadata of an item.</summary>
    /// <param name="isPath">True if it was opened with O_PATH.</param>
    public void Set(TarItem entry, SafeFileHandle item, bool isPath)
    {
        bool isLink = entry.Type == TarEntryType.SymbolicLink;
        bool owned = false;
        if (preserve.HasFlag(PreserveAttributes.Ownership))
        {
            SysResult changed = isPath
                ? LibC.ChangeOwnerOfPath(item, entry.UserId, entry.GroupId)
                : LibC.ChangeOwner(item, entry.UserId, entry.GroupId);
            owned = changed.Ok;
            Note(changed, entry, "the owner");
        }

        SetAttributes(entry, item, isPath);
        if (!isLink)
        {
            DescriptorKind kind = entry.Type == TarEntryType.Directory ? DescriptorKind.Directory : DescriptorKind.Regular;
            uint permissions = SetLists(entry, item, isPath) is byte[] list ? AccessControlList.WithoutList(list, entry.Mode) : entry.Mode;
            uint mode = permissions & Metadata.KeptBits(kind, owned);

            // The umask is not for items with an access control list (umask(2)): it would take from the mask.
            bool hasList = preserve.HasFlag(PreserveAttributes.Acl) && AccessControlList.Has(item);
            mode &= preserve.HasFlag(PreserveAttributes.Mode) || hasList ? uint.MaxValue : ~ProcessUmask.Value;
            mode |= isExact && owned ? 0 : Metadata.InheritedBits(item, kind);
            Note(isPath ? LibC.ChangeModeOfPath(item, mode) : LibC.ChangeMode(item, mode), entry, "the mode");
        }

        if (preserve.HasFlag(PreserveAttributes.Timestamps))
        {
            Note(Metadata.SetTimes(item, isPath, entry.Time, entry.Time), entry, "the times");
        }
    }

    public void SetAttributes(TarItem entry, SafeFileHandle item, bool isPath)
    {
        foreach ((FileName name, byte[] value) in entry.Attributes)
        {
            if (preserve.HasFlag(PreserveAttributes.Xattr) && ExtendedAttributes.TravelsWithContent(name))
            {
                SysResult set = isPath ? LibC.SetAttributeOfPath(item, name, value) : LibC.SetAttribute(item, name, value);
                Note(set, entry, $"the extended attributes ({RemoteFailure.Shown(name.ToString())})");
            }
        }
    }

    /// <summary>Sets the access control lists of an item.</summary>
    /// <returns>The access list of the host's item if this one does not get it.</returns>
    private byte[]? SetLists(TarItem entry, SafeFileHandle item, bool isPath)
    {
        (byte[]? access, byte[]? defaults) = lists.Find(entry.Path);
        if (!preserve.HasFlag(PreserveAttributes.Acl))
        {
            return access;
        }

        // A new item inherits the default list of its folder, which the host's item does not have.
        Metadata.RemoveLists(item, TarPath.Text(entry.Path), entry.Type == TarEntryType.Directory, isPath, warnings);
        bool isSet = access is not null && Set(ExtendedAttributes.AccessList, access);
        if (defaults is not null)
        {
            Set(ExtendedAttributes.DefaultList, defaults);
        }

        return isSet ? null : access;

        bool Set(FileName name, byte[] list)
        {
            SysResult set = list.Length == 0 ? new SysResult(-1, Errno.ENODATA)
                : isPath ? LibC.SetAttributeOfPath(item, name, list)
                : LibC.SetAttribute(item, name, list);
            Note(set, entry, "the access control list");
            return set.Ok;
        }
    }

    private void Note(SysResult result, TarItem entry, string what)
    {
        if (!result.Ok)
        {
            warnings.Add(what, result.Errno, TarPath.Text(entry.Path));
        }
    }
}

/// <summary>The access control lists of a tree on a host. In the mode of an item with a list, the mask stands for the permissions of
/// the group.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man1/getfacl.1.html">getfacl(1)</see></remarks>
internal sealed class HostAccessLists
{
    private const string FileLine = "# file: ";
    private const string DefaultEntry = "default:";

    // No longer entry is valid, and no file system has lists of more.
    private const int LongestEntry = 64;
    private const int MaxEntries = 8192;

    private readonly Dictionary<string, (byte[]? Access, byte[]? Default)> _lists = [];

    /// <summary>Number of items with an unknown access list.</summary>
    public int UnknownCount { get; private set; }

    /// <summary>Parses the output of getfacl for a tree. An item without entries has an unknown list.</summary>
    public static HostAccessLists Parse(Stream text)
    {
        // Names are bytes: each becomes one character.
        using var reader = new StreamReader(text, Encoding.Latin1, detectEncodingFromByteOrderMarks: false);
        var lists = new HostAccessLists();
        string? path = null;
        List<string> entries = [];
        while (reader.ReadLine() is string line)
        {
            if (line.StartsWith(FileLine, StringComparison.Ordinal))
            {
                lists.Add(path, entries);
                path = line[FileLine.Length..];
                entries.Clear();
            }
            else if (line.Length > 0 && line[0] != '#' && entries.Count <= MaxEntries)
            {
                entries.Add(line.Length > LongestEntry ? string.Empty : line);
            }
        }

        lists.Add(path, entries);
        return lists;
    }

    /// <summary>Returns the lists of an item in the kernel's format: null for none, empty for an unknown one.</summary>
    public (byte[]? Access, byte[]? Default) Find(byte[] path) => _lists.GetValueOrDefault(Normalize(Encoding.Latin1.GetString(path)));

    private static string Normalize(string path) => string.Join('/', path.Split('/').Where(name => name is not ("" or ".")));

    /// <summary>Undoes the escapes of getfacl and of ls -b: three octal digits for a byte, C's letters, and the character itself.</summary>
    public static string Unescape(string text)
    {
        List<byte> bytes = [];
        ReadOnlySpan<byte> rest = Encoding.Latin1.GetBytes(text);
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

        return Encoding.Latin1.GetString([.. bytes]);

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
