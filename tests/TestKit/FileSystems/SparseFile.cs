using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Splice.Transfer;
using Xunit;

namespace Splice.TestKit.FileSystems;

/// <summary>A file of blocks, each data or a hole: "..XX.X" is two blocks of hole, two of data, and so on.</summary>
internal static class SparseFile
{
    public const int Block = 64 * 1024;

    public static string Write(Workspace workspace, string name, string blocks)
    {
        using SafeFileHandle file = Posix.OpenWrite(workspace[name]);
        for (int i = 0; i < blocks.Length; i++)
        {
            if (blocks[i] == 'X')
            {
                Assert.Equal(Block, LibC.Write(file, Workspace.RandomBytes(Block, seed: i), (long)i * Block).Value);
            }
        }

        Assert.True(LibC.Truncate(file, (long)blocks.Length * Block).Ok);
        return workspace[name];
    }

    /// <summary>What the file system says of a file, in the same notation.</summary>
    public static string Read(string path)
    {
        using SafeFileHandle file = Posix.OpenRead(path);
        long blocks = new FileInfo(path).Length / Block;
        IEnumerable<long> starts = Enumerable.Range(0, (int)blocks).Select(i => (long)i * Block);
        return string.Concat(starts.Select(start => LibC.SeekData(file, start).Value == start ? 'X' : '.'));
    }

    /// <summary>A range's extents, straight from the notation.</summary>
    public static IEnumerable<Extent> Extents(string blocks, long offset, long count)
    {
        long end = offset + count;
        while (offset < end)
        {
            char kind = blocks[(int)(offset / Block)];
            int last = (int)(offset / Block);
            while (last < blocks.Length && blocks[last] == kind)
            {
                last++;
            }

            long next = Math.Min((long)last * Block, end);
            yield return new Extent(offset, next - offset, IsHole: kind == '.');
            offset = next;
        }
    }
}
