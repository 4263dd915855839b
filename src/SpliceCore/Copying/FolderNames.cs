using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Copying;

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
