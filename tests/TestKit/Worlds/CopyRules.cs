using System.Security.Cryptography;

namespace Splice.TestKit.Worlds;

/// <summary>What a complete copy is like: as cp(1) makes it with the options for the same attributes. Unlike cp, -Preserve Mode does
/// not preserve the access list (-Preserve Acl does), a new file inherits the list of its folder, and a file that is replaced
/// leaves its owner and list to the new one.</summary>
internal sealed class CopyRules(WorldState before, WorldCommand command, IReadOnlyDictionary<string, byte[]> contents)
{
    private const uint Permissions = 0x1FF; // 0777
    private const uint GroupBits = 0x38; // 0070
    private const uint Sticky = 0x200; // 01000
    private const uint SetGroupId = 0x400; // 02000
    private const uint Umask = 0x12; // 022

    /// <summary>In what an item is not the complete copy that it should be.</summary>
    /// <param name="copy">The copy.</param>
    /// <param name="made">What was found; null for nothing.</param>
    /// <param name="isLinked">Whether it is another name of a file that was copied under another name.</param>
    /// <param name="isShared">Whether another source is written into the same file.</param>
    public IEnumerable<string> Differences(PlannedCopy copy, Trees.TreeEntry? made, bool isLinked, bool isShared)
    {
        Trees.TreeEntry source = before[copy.Source]!;
        Trees.TreeEntry? old = before[copy.Target];
        if (made is null)
        {
            return ["it is missing"];
        }

        if (made.Type != source.Type)
        {
            return [$"it is a {FileTypes.Name(made.Type)}, not a {FileTypes.Name(source.Type)}"];
        }

        List<string> differences = [];
        if (source.Type == FileTypes.SymbolicLink)
        {
            Compare("target", source.Target, made.Target);
            return differences;
        }

        bool isFolder = source.Type == FileTypes.Folder;
        bool isInto = !isFolder && command.Write != WriteMode.Replace && old?.Type == FileTypes.Regular;
        if (!isFolder && !isShared)
        {
            Compare("content", isInto && command.Write == WriteMode.Append ? Appended(old!, source) : source.Hash, made.Hash);
        }

        if (isInto)
        {
            Compare("inode", old!.Identity, made.Identity);
        }
        else if (!isFolder && before.Paths.Any(path => before[path]!.Identity == made.Identity))
        {
            differences.Add("it is no new file");
        }

        bool keepsAll = isInto && command.Write == WriteMode.Append;
        if (!isShared && !keepsAll && !isLinked)
        {
            CompareAttributes(copy, source, old, made, isInto, differences);
        }

        return differences;

        void Compare<T>(string what, T expected, T found)
        {
            if (!EqualityComparer<T>.Default.Equals(expected, found))
            {
                differences.Add($"{what}: expected {expected}, found {found}");
            }
        }
    }

    private void CompareAttributes(
        PlannedCopy copy, Trees.TreeEntry source, Trees.TreeEntry? old, Trees.TreeEntry made, bool isInto, List<string> differences)
    {
        PreserveAttributes kept = command.Kept;
        bool isFolder = source.Type == FileTypes.Folder;
        bool applies = !isFolder || old is null || command.Preserve is not null;
        bool carries = !isFolder && old?.Type == FileTypes.Regular;
        if (!applies)
        {
            kept = PreserveAttributes.None;
            carries = true;
        }
        else if (isFolder && old is not null)
        {
            carries = true;
        }

        bool hasOwner = kept.HasFlag(PreserveAttributes.Ownership);
        (uint, uint) owner = hasOwner ? (source.UserId, source.GroupId)
            : carries ? (old!.UserId, old.GroupId)
            : (0, GroupOf(WorldState.Up(copy.Target)));
        Compare("owner", owner, (made.UserId, made.GroupId));

        bool keepsList = kept.HasFlag(PreserveAttributes.Acl);
        byte[]? inherited = InheritedBy(WorldState.Up(copy.Target));
        Trees.TreeEntry? lister = keepsList ? source : carries ? old : null;
        Compare("access list", Named(lister is null ? inherited : List(lister, AccessList.Access)), Named(List(made, AccessList.Access)));
        if (isFolder)
        {
            Compare("default list", Text(lister is null ? inherited : List(lister, AccessList.Default)), Text(List(made, AccessList.Default)));
        }

        if (ModeOf(kept, source, carries ? old : null, inherited, isFolder, isInto, hasOwner) is uint mode)
        {
            uint own = isFolder && ((old?.Mode & SetGroupId) ?? (IsSetGroupId(WorldState.Up(copy.Target)) ? SetGroupId : 0)) != 0 ? SetGroupId : 0;
            Compare("mode", Convert.ToString(mode | own, 8), Convert.ToString(made.Mode, 8));
        }

        // Entries that are made in a folder later change its times.
        if (kept.HasFlag(PreserveAttributes.Timestamps))
        {
            Compare("time", source.ModificationTime, made.ModificationTime);
        }

        void Compare<T>(string what, T expected, T found)
        {
            if (!EqualityComparer<T>.Default.Equals(expected, found))
            {
                differences.Add($"{what}: expected {expected}, found {found}");
            }
        }
    }

    /// <summary>The mode; null where it depends on more than these.</summary>
    private static uint? ModeOf(
        PreserveAttributes kept, Trees.TreeEntry source, Trees.TreeEntry? old, byte[]? inherited, bool isFolder, bool isInto, bool hasOwner)
    {
        bool keepsList = kept.HasFlag(PreserveAttributes.Acl);
        bool takesList = keepsList && List(source, AccessList.Access) is not null;
        if (kept.HasFlag(PreserveAttributes.Mode))
        {
            return (takesList ? source.Mode : WithoutList(source)) & (hasOwner ? 0xFFF : Permissions | (isFolder ? Sticky : 0));
        }

        if (old is not null)
        {
            uint bits = isFolder || isInto ? 0xFFF : Permissions;
            return takesList ? (source.Mode & Permissions) | (old.Mode & bits & ~Permissions)
                : (keepsList ? WithoutList(old) : old.Mode) & bits;
        }

        return takesList ? source.Mode & Permissions
            : inherited is null ? WithoutList(source) & Permissions & ~Umask
            : keepsList ? null
            : WithoutList(source) & Permissions & Granted(inherited);
    }

    private string Appended(Trees.TreeEntry old, Trees.TreeEntry source) =>
        Convert.ToHexString(SHA256.HashData([.. contents[old.Hash], .. contents[source.Hash]]));

    private uint GroupOf(string folder) => before[folder] is { } item
        ? (item.Mode & SetGroupId) != 0 ? item.GroupId : 0
        : GroupOf(WorldState.Up(folder));

    private bool IsSetGroupId(string folder) => before[folder] is { } item ? (item.Mode & SetGroupId) != 0 : IsSetGroupId(WorldState.Up(folder));

    private byte[]? InheritedBy(string folder) => before[folder] is { } item ? List(item, AccessList.Default) : InheritedBy(WorldState.Up(folder));

    private static byte[]? List(Trees.TreeEntry item, ByteString list) => item.Attributes.GetValueOrDefault(list);

    private static string Text(byte[]? list) => list is null ? "none" : Convert.ToHexString(list);

    /// <summary>The entries of a list for users: others are bits of the mode.</summary>
    private static string Named(byte[]? list) => list is null ? "none" : string.Join(' ', Entries(list).Where(entry => entry.Tag == 2));

    private static uint WithoutList(Trees.TreeEntry item)
    {
        if (List(item, AccessList.Access) is not { } list)
        {
            return item.Mode;
        }

        uint group = Entries(list).First(entry => entry.Tag == 4).Permissions & Entries(list).First(entry => entry.Tag == 16).Permissions;
        return (item.Mode & ~GroupBits) | (group << 3);
    }

    private static uint Granted(byte[] list) => Entries(list).Aggregate(
        0u, (bits, entry) => bits | entry.Tag switch { 1 => entry.Permissions << 6, 16 => entry.Permissions << 3, 32 => entry.Permissions, _ => 0 });

    private static IEnumerable<(ushort Tag, uint Permissions, uint Id)> Entries(byte[] list)
    {
        for (int at = 4; at < list.Length; at += 8)
        {
            yield return (BitConverter.ToUInt16(list, at), BitConverter.ToUInt16(list, at + 2), BitConverter.ToUInt32(list, at + 4));
        }
    }
}
