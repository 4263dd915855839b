using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.TestKit.Trees;

/// <summary>All that is known of one entry of a tree.</summary>
internal sealed record TreeEntry
{
    /// <summary>One of <see cref="FileTypes"/>.</summary>
    public required uint Type { get; init; }

    public required uint Mode { get; init; }

    public required uint UserId { get; init; }

    public required uint GroupId { get; init; }

    /// <summary>Bytes of a regular file or of a link's target, else 0.</summary>
    public required long Size { get; init; }

    public required FileTime ModificationTime { get; init; }

    public required FileTime AccessTime { get; init; }

    public required FileTime ChangeTime { get; init; }

    /// <summary>A symbolic link's.</summary>
    public ByteString Target { get; init; }

    /// <summary>A device's numbers.</summary>
    public required (uint Major, uint Minor) Device { get; init; }

    /// <summary>Names and values; the access control lists are among them.</summary>
    public required IReadOnlyDictionary<ByteString, byte[]> Attributes { get; init; }

    /// <summary>SHA-256 of a regular file's content, in hexadecimal digits.</summary>
    public string Hash { get; init; } = string.Empty;

    /// <summary>Bytes of the blocks that it takes.</summary>
    public required long Allocated { get; init; }

    /// <summary>File system and inode: what two hard links share.</summary>
    public required (uint Major, uint Minor, ulong Inode) Identity { get; init; }

    /// <summary>All names of this file in the tree where there are several, sorted; else empty.</summary>
    public ImmutableArray<ByteString> Links { get; init; } = [];

    /// <summary>Reads everything about an entry, and leaves its access time alone where it may.</summary>
    public static TreeEntry Read(SafeFileHandle folder, ByteString name)
    {
        LibC.StatxBuffer status = EntryCalls.Status(folder, name);
        uint type = status.Mode & FileTypes.Mask;
        return new TreeEntry
        {
            Type = type,
            Mode = status.Mode & ~FileTypes.Mask,
            UserId = status.UserId,
            GroupId = status.GroupId,
            Size = type is FileTypes.Regular or FileTypes.SymbolicLink ? (long)status.Size : 0,
            ModificationTime = FileTime.Of(status.ModificationTime),
            AccessTime = FileTime.Of(status.AccessTime),
            ChangeTime = FileTime.Of(status.ChangeTime),
            Target = type == FileTypes.SymbolicLink ? EntryCalls.LinkTarget(folder, name) : ByteString.Empty,
            Device = (status.SpecialDeviceMajor, status.SpecialDeviceMinor),
            Attributes = EntryCalls.Attributes(folder, name),
            Hash = type == FileTypes.Regular ? HashOf(folder, name) : string.Empty,
            Allocated = (long)status.Blocks * 512,
            Identity = (status.DeviceMajor, status.DeviceMinor, status.Inode),
        };
    }

    private static string HashOf(SafeFileHandle folder, ByteString name)
    {
        using SafeFileHandle file = EntryCalls.OpenUnnoticed(folder, name);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[256 * 1024];
        long position = 0;
        while (RandomAccess.Read(file, buffer, position) is > 0 and int read)
        {
            hash.AppendData(buffer, 0, read);
            position += read;
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
