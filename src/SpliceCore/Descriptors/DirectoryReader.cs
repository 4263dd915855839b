using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>Reads the entries of an open directory with getdents64(2), without "." and "..".</summary>
internal struct DirectoryReader
{
    // struct linux_dirent64: d_ino, d_off, d_reclen, d_type, d_name
    private const int LengthOffset = 16;
    private const int TypeOffset = 18;
    private const int NameOffset = 19;

    private static readonly FileName Self = ".";

    private ReadOnlyMemory<byte> _entries;
    private bool _isPart;

    /// <summary>Reads the names of all entries, or those before an error.</summary>
    /// <param name="directory">The directory, which is opened again: O_PATH is enough.</param>
    public static SysResult ReadNames(SafeHandle directory, out List<FileName> names)
    {
        names = [];
        SysResult result = Open(directory, out SafeFileHandle handle);
        using (handle)
        {
            var reader = default(DirectoryReader);
            while (result.Ok && reader.TryRead(handle, out FileName name, out _, out result))
            {
                names.Add(name);
            }
        }

        return result;
    }

    /// <summary>True if the directory could be read and has no entries.</summary>
    public static bool IsEmpty(SafeHandle directory)
    {
        SysResult result = Open(directory, out SafeFileHandle handle);
        using (handle)
        {
            return result.Ok && !default(DirectoryReader).TryRead(handle, out _, out _, out result) && result.Ok;
        }
    }

    /// <summary>Reads the next entry.</summary>
    /// <param name="directory">The directory. Between two entries it may be closed and reopened at the same offset.</param>
    /// <param name="kind">The kind; <see cref="DescriptorKind.Other"/> where the file system does not report it here.</param>
    /// <returns>False at the end, or after an error.</returns>
    public bool TryRead(SafeHandle directory, out FileName name, out DescriptorKind kind, out SysResult result)
    {
        result = default;
        while (!TryTake(out name, out kind))
        {
            if (_isPart)
            {
                return false;
            }

            byte[] buffer = ArrayPool<byte>.Shared.Rent(Tuning.DirectoryBufferSize);
            result = LibC.GetDirectoryEntries(directory, buffer);

            // Only the bytes read: a directory waits for those in it, and thousands may be nested.
            _entries = buffer.AsSpan(0, (int)Math.Max(result.Value, 0)).ToArray();
            ArrayPool<byte>.Shared.Return(buffer);
            if (_entries.IsEmpty)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Gives away the second half of the entries in memory. Null where there are too few.</summary>
    public DirectoryReader? Split()
    {
        int middle = 0;
        while (middle < _entries.Length / 2)
        {
            middle += BinaryPrimitives.ReadUInt16LittleEndian(_entries.Span[(middle + LengthOffset)..]);
        }

        if (middle == 0 || middle == _entries.Length)
        {
            return null;
        }

        var second = new DirectoryReader { _entries = _entries[middle..], _isPart = true };
        _entries = _entries[..middle];
        return second;
    }

    private static SysResult Open(SafeHandle directory, out SafeFileHandle handle) =>
        LibC.OpenAt(directory, Self, LibC.O_RDONLY | LibC.O_DIRECTORY, 0, out handle);

    private bool TryTake(out FileName name, out DescriptorKind kind)
    {
        while (!_entries.IsEmpty)
        {
            ReadOnlySpan<byte> entry = _entries.Span;
            int length = BinaryPrimitives.ReadUInt16LittleEndian(entry[LengthOffset..]);
            ReadOnlySpan<byte> text = entry[NameOffset..length];
            text = text[..text.IndexOf((byte)0)];
            kind = (DescriptorKind)(entry[TypeOffset] << 12);
            _entries = _entries[length..];
            if (!text.SequenceEqual("."u8) && !text.SequenceEqual(".."u8))
            {
                name = new FileName(text);
                return true;
            }
        }

        (name, kind) = (default, default);
        return false;
    }
}
