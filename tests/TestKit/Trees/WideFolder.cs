using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Splice.TestKit.Trees;

/// <summary>A folder with many entries.</summary>
internal static class WideFolder
{
    private const int EntriesAContent = 100;

    /// <summary>Makes one: regular files, each 100th with some bytes, the others empty, by one call each.</summary>
    /// <param name="path">The new folder.</param>
    /// <param name="entries">How many files.</param>
    public static void Make(string path, int entries = 100_000)
    {
        Directory.CreateDirectory(path);
        using SafeFileHandle folder = EntryCalls.OpenFolder(path);
        byte[] content = new byte[4];
        for (int i = 0; i < entries; i++)
        {
            ByteString name = Name(i);
            if (i % EntriesAContent == 0)
            {
                BitConverter.TryWriteBytes(content, i);
                EntryCalls.WriteFile(folder, name, content);
            }
            else
            {
                EntryCalls.MakeNode(folder, name, FileTypes.Regular | 0x1A4);
            }
        }
    }

    /// <summary>The name of one of the files.</summary>
    public static ByteString Name(int number) => string.Create(CultureInfo.InvariantCulture, $"file{number:d7}");
}
