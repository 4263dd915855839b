using System.Formats.Tar;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Creates the headers of a tar stream for the items of a tree, and collects what they cannot hold.</summary>
internal sealed class TarItemFactory(PreserveAttributes preserve)
{
    private static readonly byte[] Top = Encoding.ASCII.GetBytes(HostScript.TreeName);

    private readonly Dictionary<FileIdentity, byte[]> _firstNames = [];
    private readonly MetadataWarnings _warnings = new();
    private readonly List<string> _leftOut = [];
    private long _sockets;
    private string? _firstSocket;

    /// <summary>Number of symbolic links.</summary>
    public long Links { get; private set; }

    /// <summary>Number of folders without write permission for their owner.</summary>
    public long ReadOnlyFolders { get; private set; }

    /// <summary>Number of items with extended attributes or access control lists.</summary>
    public long WithAttributes { get; private set; }

    public IEnumerable<string> Warnings => [.. _leftOut, .. SocketWarning(), .. _warnings.Describe()];

    /// <summary>True if the item goes into the stream.</summary>
    public bool IsSent(TreeItem item) => item.Status.Kind switch
    {
        DescriptorKind.Regular or DescriptorKind.Directory or DescriptorKind.SymbolicLink => true,
        DescriptorKind.Fifo or DescriptorKind.Character or DescriptorKind.Block => preserve == PreserveAttributes.All,
        _ => false,
    };

    /// <summary>Takes back the header of an item whose content cannot be sent, so that another name of it has the content.</summary>
    public void Forget(TreeItem item) => _firstNames.Remove(item.Status.Inode);

    /// <summary>Number of content bytes in the stream: 0 for further names of a file.</summary>
    public long LengthOf(TreeItem item) =>
        item.Status.Kind == DescriptorKind.Regular && IsFirst(item, out _) ? item.Status.Size : 0;

    /// <summary>True if the item goes into the stream; notes one that does not.</summary>
    public bool Takes(TreeItem item)
    {
        bool isSent = IsSent(item);
        if (!isSent)
        {
            LeaveOut(item);
        }

        return isSent;
    }

    /// <summary>Creates the header of an item.</summary>
    /// <param name="handle">The item, open for reading or with O_PATH.</param>
    public TarItem Create(TreeItem item, SafeFileHandle handle)
    {
        FileStatus status = item.Status;
        bool isLink = status.Kind == DescriptorKind.SymbolicLink;
        bool isFirst = IsFirst(item, out byte[] first);
        bool owned = preserve.HasFlag(PreserveAttributes.Ownership);
        uint withoutList = isLink ? status.Permissions : AccessControlList.WithoutList(handle, status.Permissions);
        uint permissions = preserve.HasFlag(PreserveAttributes.Acl) ? status.Permissions : withoutList;
        Links += isLink ? 1 : 0;
        ReadOnlyFolders += status.Kind == DescriptorKind.Directory && (status.Permissions & LibC.S_IRWXU) != LibC.S_IRWXU ? 1 : 0;
        return new TarItem
        {
            Type = isFirst ? TypeOf(status.Kind) : TarEntryType.HardLink,
            Path = [.. Top, .. item.Path],
            Target = !isFirst ? first : isLink ? TargetOf(item, handle) : [],
            Mode = permissions & Metadata.KeptBits(status.Kind, owned),
            MaskBits = permissions & ~withoutList,
            Time = status.ModificationTime,
            UserId = owned ? status.UserId : 0,
            GroupId = owned ? status.GroupId : 0,
            Length = isFirst && status.Kind == DescriptorKind.Regular ? status.Size : 0,
            Device = status.SpecialDevice,
            Attributes = isFirst ? AttributesOf(item, handle) : [],
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

    /// <summary>True for the first name of a file in the stream, which is returned for the others.</summary>
    private bool IsFirst(TreeItem item, out byte[] first)
    {
        first = [];
        if (item.Status.Kind == DescriptorKind.Directory || item.Status.LinkCount < 2 || !preserve.HasFlag(PreserveAttributes.HardLink))
        {
            return true;
        }

        byte[] path = [.. Top, .. item.Path];
        if (_firstNames.TryAdd(item.Status.Inode, path))
        {
            return true;
        }

        first = _firstNames[item.Status.Inode];
        return first.AsSpan().SequenceEqual(path);
    }

    private static byte[] TargetOf(TreeItem item, SafeFileHandle link)
    {
        SysResult read = LibC.ReadLink(link, out FileName target);
        return read.Ok ? target.Bytes.ToArray() : throw FileFailures.OpenSource(item.Label, read.Errno);
    }

    private List<(FileName Name, byte[] Value)> AttributesOf(TreeItem item, SafeFileHandle handle)
    {
        List<(FileName, byte[])> attributes = [];
        if (!preserve.HasFlag(PreserveAttributes.Xattr) && !preserve.HasFlag(PreserveAttributes.Acl))
        {
            return attributes;
        }

        SysResult listed = LibC.ListAttributes(handle, out List<FileName> names);
        if (!listed.Ok && listed.Errno != Errno.EOPNOTSUPP)
        {
            _warnings.Add("its extended attributes", listed.Errno, item.Label);
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
                _warnings.Add($"its extended attributes ({name})", read.Errno, item.Label);
            }
        }

        WithAttributes += attributes.Count > 0 ? 1 : 0;
        return attributes;
    }

    private void LeaveOut(TreeItem item)
    {
        if (item.Status.Kind != DescriptorKind.Socket)
        {
            _leftOut.Add($"'{item.Label}' is a special file ({item.Status.Kind}) and was skipped. Use -Preserve All to recreate it.");
        }
        else if (_sockets++ == 0)
        {
            _firstSocket = item.Label;
        }
    }

    private string[] SocketWarning() => _sockets switch
    {
        0 => [],
        1 => [$"'{_firstSocket}' is a socket and was skipped: a tar stream cannot contain sockets."],
        _ => [$"{_sockets} sockets were skipped, since a tar stream cannot contain them; the first is '{_firstSocket}'."],
    };
}
