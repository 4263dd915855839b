using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>A buffer full of a folder's entries, as getdents64(2) gives them.</summary>
/// <param name="entries">The buffer.</param>
internal struct DirectoryListing(ReadOnlyMemory<byte> entries)
{
    // struct linux_dirent64: d_ino, d_off, d_reclen, d_type, d_name
    private const int LengthAt = 16;
    private const int TypeAt = 18;
    private const int NameAt = 19;

    private ReadOnlyMemory<byte> _rest = entries;

    public readonly bool IsEmpty => _rest.IsEmpty;

    /// <summary>Takes the next entry.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">Its kind, as the S_IFMT bits have it; 0 where the file system does not tell here.</param>
    public bool TryTake(out FileName name, out int type)
    {
        while (!_rest.IsEmpty)
        {
            ReadOnlySpan<byte> entry = _rest.Span;
            int length = BinaryPrimitives.ReadUInt16LittleEndian(entry[LengthAt..]);
            ReadOnlySpan<byte> text = entry[NameAt..length];
            text = text[..text.IndexOf((byte)0)];
            type = entry[TypeAt] << 12;
            _rest = _rest[length..];
            if (!text.SequenceEqual("."u8) && !text.SequenceEqual(".."u8))
            {
                name = new FileName(text);
                return true;
            }
        }

        (name, type) = (default, 0);
        return false;
    }

    /// <summary>Gives the second half of the entries away; nothing where there is no second one.</summary>
    public DirectoryListing? Split()
    {
        int middle = 0;
        while (middle < _rest.Length / 2)
        {
            middle += BinaryPrimitives.ReadUInt16LittleEndian(_rest.Span[(middle + LengthAt)..]);
        }

        if (middle == 0 || middle == _rest.Length)
        {
            return null;
        }

        var second = new DirectoryListing(_rest[middle..]);
        _rest = _rest[..middle];
        return second;
    }
}

/// <summary>The names in a folder.</summary>
internal static class FolderNames
{
    private const int BufferSize = 32 * 1024;

    /// <summary>All names, as far as the folder can be read.</summary>
    /// <param name="folder">The folder, open for reading.</param>
    public static IEnumerable<FileName> Of(SafeFileHandle folder)
    {
        byte[] buffer = new byte[BufferSize];
        while (LibC.GetDirectoryEntries(folder, buffer) is { Ok: true, Value: > 0 } read)
        {
            var listing = new DirectoryListing(buffer.AsMemory(0, (int)read.Value));
            while (listing.TryTake(out FileName name, out _))
            {
                yield return name;
            }
        }
    }
}
