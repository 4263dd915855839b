using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>The names in a folder.</summary>
internal static class FolderNames
{
    private const int BufferSize = 32 * 1024;

    // struct linux_dirent64: d_ino, d_off, d_reclen, d_type, d_name
    private const int LengthOffset = 16;
    private const int NameOffset = 19;

    /// <summary>All names, as far as the folder can be read.</summary>
    /// <param name="folder">The folder, open for reading.</param>
    public static IEnumerable<FileName> Of(SafeFileHandle folder)
    {
        byte[] buffer = new byte[BufferSize];
        while (LibC.GetDirectoryEntries(folder, buffer) is { Ok: true, Value: > 0 } read)
        {
            for (int at = 0; at < read.Value; at += BinaryPrimitives.ReadUInt16LittleEndian(buffer.AsSpan(at + LengthOffset)))
            {
                ReadOnlySpan<byte> name = buffer.AsSpan(at + NameOffset);
                yield return new FileName(name[..name.IndexOf((byte)0)]);
            }
        }
    }
}
