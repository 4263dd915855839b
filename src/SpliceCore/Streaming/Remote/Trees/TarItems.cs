using System.Formats.Tar;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>What a tar stream says of the items of a tree, and what of them it cannot say.</summary>
internal sealed class TarItems(PreserveAttributes preserve)
{
    /// <summary>What it takes to put items into a folder.</summary>
    public const uint FolderBits = 0x1C0; // 0700

    /// <summary>The name of the tree's top in the stream.</summary>
    public static readonly byte[] Top = Encoding.ASCII.GetBytes(HostScript.TreeName);

    private static readonly int LinkFlags = OpenFlags.PathOnly;

    private readonly Dictionary<FileIdentity, byte[]> _names = [];
    private readonly MetadataLosses _losses = new();
    private readonly List<string> _leftOut = [];
    private long _sockets;
    private string? _firstSocket;

    /// <summary>Number of symbolic links.</summary>
    public long Links { get; private set; }

    /// <summary>How many folders there were that their owner may not write to.</summary>
    public long ClosedFolders { get; private set; }

    /// <summary>How many items there were with extended attributes or access control lists.</summary>
    public long WithAttributes { get; private set; }

    /// <summary>What was left out, or lost already.</summary>
    public IEnumerable<string> Warnings => [.. _leftOut, .. SocketWarning(), .. _losses.Describe()];

    /// <summary>True if the item goes into the stream.</summary>
    public bool IsSent(TreeItem item) => item.Status.Kind switch
    {
        DescriptorKind.Regular or DescriptorKind.Directory or DescriptorKind.SymbolicLink => true,
        DescriptorKind.Fifo or DescriptorKind.Character or DescriptorKind.Block => preserve == PreserveAttributes.All,
        _ => false,
    };

    /// <summary>The bytes that the item's content has in the stream: other names of a file have none.</summary>
    public long LengthOf(TreeItem item) =>
        item.Status.Kind == DescriptorKind.Regular && IsFirst(item, out _) ? item.Status.Size : 0;

    /// <summary>What the stream says of an item; null where it is left out.</summary>
    /// <exception cref="TransferException">It cannot be looked at.</exception>
    public TarItem? Of(TreeItem item)
    {
        if (!IsSent(item))
        {
            LeaveOut(item);
            return null;
        }

        FileStatus status = item.Status;
        bool isFirst = IsFirst(item, out byte[] first);
        bool owned = preserve.HasFlag(PreserveAttributes.Ownership);
        uint withoutList = PermissionsWithoutList(item);
        uint permissions = preserve.HasFlag(PreserveAttributes.Acl) ? status.Permissions : withoutList;
        Links += status.Kind == DescriptorKind.SymbolicLink ? 1 : 0;
        ClosedFolders += status.Kind == DescriptorKind.Directory && (status.Permissions & FolderBits) != FolderBits ? 1 : 0;
        return new TarItem
        {
            Type = isFirst ? TypeOf(status.Kind) : TarEntryType.HardLink,
            Path = [.. Top, .. item.Path],
            Target = !isFirst ? first : status.Kind == DescriptorKind.SymbolicLink ? TargetOf(item) : [],
            Mode = permissions & Metadata.KeptBits(status.Kind, owned),
            MaskBits = permissions & ~withoutList,
            Time = status.ModificationTime,
            UserId = owned ? status.UserId : 0,
            GroupId = owned ? status.GroupId : 0,
            Length = isFirst && status.Kind == DescriptorKind.Regular ? status.Size : 0,
            Device = status.SpecialDevice,
            Attributes = isFirst ? AttributesOf(item) : [],
        };
    }

    private static TarEntryType TypeOf(DescriptorKind kind) => kind switch
    {
        DescriptorKind.Directory => TarEntryType.Directory,
        DescriptorKind.SymbolicLink => TarEntryType.SymbolicLink,
        DescriptorKind.Fifo => TarEntryType.Fifo,
        DescriptorKind.Character => TarEntryType.CharacterDevice,
        DescriptorKind.Block => TarEntryType.BlockDevice,
        _ => TarEntryType.RegularFile,
    };

    /// <summary>True if the item is a file's first name; the first name in the stream where it is not.</summary>
    private bool IsFirst(TreeItem item, out byte[] first)
    {
        byte[] path = [.. Top, .. item.Path];
        first = path;
        if (item.Status.Kind == DescriptorKind.Directory || item.Status.LinkCount < 2 || !preserve.HasFlag(PreserveAttributes.HardLink))
        {
            return true;
        }

        if (_names.TryAdd(item.Status.Inode, path))
        {
            return true;
        }

        first = _names[item.Status.Inode];
        return first.AsSpan().SequenceEqual(path);
    }

    private static uint PermissionsWithoutList(TreeItem item)
    {
        if (item.Status.Kind == DescriptorKind.SymbolicLink)
        {
            return item.Status.Permissions;
        }

        using SafeFileHandle handle = item.Open(LinkFlags);
        return AccessControlList.WithoutList(handle, item.Status.Permissions);
    }

    private static byte[] TargetOf(TreeItem item)
    {
        using SafeFileHandle link = item.Open(LinkFlags);
        SysResult read = LibC.ReadLink(link, out FileName target);
        return read.Ok ? target.Bytes.ToArray() : throw FileFailures.OpenSource(item.Label, read.Errno);
    }

    private List<(FileName Name, byte[] Value)> AttributesOf(TreeItem item)
    {
        List<(FileName, byte[])> attributes = [];
        if (!preserve.HasFlag(PreserveAttributes.Xattr) && !preserve.HasFlag(PreserveAttributes.Acl))
        {
            return attributes;
        }

        using SafeFileHandle handle = item.Open(LinkFlags);
        SysResult listed = LibC.ListAttributes(handle, out List<FileName> names);
        if (!listed.Ok && listed.Errno != Errno.EOPNOTSUPP)
        {
            _losses.Add("its extended attributes", listed.Errno, item.Label);
        }

        foreach (FileName name in names.Where(name => ExtendedAttributes.IsWanted(name, preserve)))
        {
            SysResult read = LibC.GetAttribute(handle, name, out byte[] value);
            if (read.Ok)
            {
                attributes.Add((name, value));
            }
            else
            {
                _losses.Add($"its extended attributes ({name})", read.Errno, item.Label);
            }
        }

        WithAttributes += attributes.Count > 0 ? 1 : 0;
        return attributes;
    }

    private void LeaveOut(TreeItem item)
    {
        if (item.Status.Kind != DescriptorKind.Socket)
        {
            _leftOut.Add($"'{item.Label}' is a special file ({item.Status.Kind}) and was left out. Use -Preserve All to make it anew.");
        }
        else if (_sockets++ == 0)
        {
            _firstSocket = item.Label;
        }
    }

    private string[] SocketWarning() => _sockets switch
    {
        0 => [],
        1 => [$"'{_firstSocket}' is a socket and was left out: a tar stream has none."],
        _ => [$"{_sockets} sockets were left out, since a tar stream has none; the first is '{_firstSocket}'."],
    };
}
