using Microsoft.Win32.SafeHandles;

namespace Splice.ModuleTests;

/// <summary>What this process holds open.</summary>
public static class OpenFiles
{
    /// <summary>The sizes of the open files whose path starts so, the ones without a name there among them.</summary>
    /// <param name="prefix">The start of the path.</param>
    public static IReadOnlyList<long> Below(string prefix)
    {
        List<long> sizes = [];
        foreach (string link in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            try
            {
                if (new FileInfo(link).LinkTarget?.StartsWith(prefix, StringComparison.Ordinal) == true)
                {
                    sizes.Add(SizeOf(link));
                }
            }
            catch (IOException)
            {
                // It was closed meanwhile.
            }
        }

        return sizes;
    }

    private static long SizeOf(string link)
    {
        // Opening a FIFO would wait.
        if ((File.GetAttributes(link) & FileAttributes.Directory) != 0 || !File.ResolveLinkTarget(link, true)!.Name.Contains('#'))
        {
            return 0;
        }

        using SafeFileHandle file = File.OpenHandle(link, share: FileShare.ReadWrite | FileShare.Delete);
        return RandomAccess.GetLength(file);
    }
}
