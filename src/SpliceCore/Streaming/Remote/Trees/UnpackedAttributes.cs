using System.Formats.Tar;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>What an item of a tree that is received keeps besides its bytes.</summary>
internal sealed class UnpackedAttributes(PreserveAttributes preserve, TarEntry entry, MetadataLosses losses)
{
    private const string AttributePrefix = "SCHILY.xattr.";
    private const string ListPrefix = "SCHILY.acl.";

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
            uint mode = (uint)entry.Mode & Metadata.KeptBits(kind, owned);
            mode &= preserve.HasFlag(PreserveAttributes.Mode) ? uint.MaxValue : ~OwnUmask.Value;
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
            if (preserve.HasFlag(PreserveAttributes.Acl) && key.StartsWith(ListPrefix, StringComparison.Ordinal))
            {
                losses.Add("its access control list", Errno.EOPNOTSUPP, entry.Name);
            }

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

    private void Note(SysResult result, string what)
    {
        if (!result.Ok)
        {
            losses.Add(what, result.Errno, entry.Name);
        }
    }
}
