using System.Formats.Tar;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>What an item of a tree that is received keeps besides its bytes.</summary>
internal sealed class UnpackedAttributes(PreserveAttributes preserve, TarEntry entry, HostAccessLists lists, MetadataLosses losses)
{
    private const string AttributePrefix = "SCHILY.xattr.";

    /// <summary>Sets it.</summary>
    /// <param name="item">The item.</param>
    /// <param name="isPath">Whether it was opened with O_PATH.</param>
    public void Set(SafeFileHandle item, bool isPath)
    {
        bool isLink = entry.EntryType == TarEntryType.SymbolicLink;
        bool owned = false;
        if (preserve.HasFlag(PreserveAttributes.Ownership))
        {
            SysResult changed = isPath
                ? LibC.ChangeOwnerOfPath(item, (uint)entry.Uid, (uint)entry.Gid)
                : LibC.ChangeOwner(item, (uint)entry.Uid, (uint)entry.Gid);
            owned = changed.Ok;
            Note(changed, "its owner");
        }

        SetAttributes(item, isPath);
        if (!isLink)
        {
            DescriptorKind kind = entry.EntryType == TarEntryType.Directory ? DescriptorKind.Directory : DescriptorKind.Regular;
            uint permissions = SetLists(item, isPath) is byte[] list ? AccessControlList.WithoutList(list, (uint)entry.Mode) : (uint)entry.Mode;
            uint mode = permissions & Metadata.KeptBits(kind, owned);

            // The umask is not for items with an access control list (umask(2)): it would take from the mask.
            bool hasList = preserve.HasFlag(PreserveAttributes.Acl) && AccessControlList.Has(item);
            mode &= preserve.HasFlag(PreserveAttributes.Mode) || hasList ? uint.MaxValue : ~OwnUmask.Value;
            mode |= Metadata.InheritedBits(item, kind);
            Note(isPath ? LibC.ChangeModeOfPath(item, mode) : LibC.ChangeMode(item, mode), "its mode");
        }

        if (preserve.HasFlag(PreserveAttributes.Timestamps))
        {
            LibC.StatxTimestamp time = Time();
            Note(isPath ? LibC.ChangeTimesOfPath(item, time, time) : LibC.ChangeTimes(item, time, time), "its times");
        }
    }

    /// <summary>To the nanosecond where the stream has it: the library has 100 of them for the smallest part.</summary>
    private LibC.StatxTimestamp Time()
    {
        if (entry is PaxTarEntry pax && pax.ExtendedAttributes.TryGetValue("mtime", out string? text)
            && decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out decimal time))
        {
            decimal seconds = Math.Floor(time);
            return new LibC.StatxTimestamp { Seconds = (long)seconds, Nanoseconds = (uint)((time - seconds) * 1_000_000_000m) };
        }

        return new LibC.StatxTimestamp { Seconds = entry.ModificationTime.ToUnixTimeSeconds() };
    }

    private void SetAttributes(SafeFileHandle item, bool isPath)
    {
        foreach ((string key, string value) in (entry as PaxTarEntry)?.ExtendedAttributes ?? new Dictionary<string, string>())
        {
            if (!key.StartsWith(AttributePrefix, StringComparison.Ordinal))
            {
                continue;
            }

            // Of bytes that are no text the library has made others.
            FileName name = key[AttributePrefix.Length..].Replace("%3D", "=", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal);
            bool isText = !key.Contains('\uFFFD', StringComparison.Ordinal) && !value.Contains('\uFFFD', StringComparison.Ordinal);
            byte[] bytes = Encoding.UTF8.GetBytes(value);
            if (preserve.HasFlag(PreserveAttributes.Xattr) && ExtendedAttributes.TravelsWithContent(name))
            {
                SysResult set = !isText ? new SysResult(-1, Errno.EILSEQ)
                    : isPath ? LibC.SetAttributeOfPath(item, name, bytes) : LibC.SetAttribute(item, name, bytes);
                Note(set, $"its extended attributes ({name})");
            }
        }
    }

    /// <summary>Gives an item its access control lists.</summary>
    /// <returns>The access list that the host's item has and this one does not get, if there is one.</returns>
    private byte[]? SetLists(SafeFileHandle item, bool isPath)
    {
        (byte[]? access, byte[]? defaults) = lists.Find(entry.Name);
        if (!preserve.HasFlag(PreserveAttributes.Acl))
        {
            return access;
        }

        // What a new item inherits from its folder's default list, the host's does not have.
        Metadata.RemoveLists(item, entry.Name, entry.EntryType == TarEntryType.Directory, isPath, losses);
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
            Note(set, "its access control list");
            return set.Ok;
        }
    }

    private void Note(SysResult result, string what)
    {
        if (!result.Ok)
        {
            losses.Add(what, result.Errno, entry.Name);
        }
    }
}
