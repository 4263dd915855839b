using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Transfer;

public class ExtentTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_sub_range_is_walked_in_order(bool inMemory)
    {
        foreach (string blocks in (string[])[".", "X", "..XX.X", "X..X", ".X.."])
        {
            using Workspace workspace = inMemory ? Workspace.InMemory() : new Workspace();
            using SafeFileHandle file = Posix.OpenRead(SparseFile.Write(workspace, "sparse", blocks));
            Assert.SkipUnless(KnowsHoles(file, blocks), $"The file system of {workspace.Folder} does not tell its holes.");
            long size = (long)blocks.Length * SparseFile.Block;
            long[] cuts =
            [
                .. from block in Enumerable.Range(0, blocks.Length + 1)
                   from around in (int[])[-1, 0, 1]
                   let cut = ((long)block * SparseFile.Block) + around
                   where cut >= 0 && cut <= size
                   select cut,
            ];
            foreach (long start in cuts)
            {
                foreach (long end in cuts.Where(cut => cut >= start))
                {
                    Assert.Equal(SparseFile.Extents(blocks, start, end - start), Extent.Walk(file, start, end - start));
                }
            }
        }
    }

    [Fact]
    public void What_has_no_positions_is_all_data()
    {
        using Channel pipe = Channel.Pipe();
        Assert.Equal([new Extent(10, 20, IsHole: false)], Extent.Walk(pipe.Output, 10, 20));
    }

    [Fact]
    public void A_range_past_the_end_is_a_hole()
    {
        using var workspace = new Workspace();
        using SafeFileHandle file = Posix.OpenRead(workspace.WriteRandom("file", 10));
        Assert.Equal([new Extent(0, 10, IsHole: false), new Extent(10, 5, IsHole: true)], Extent.Walk(file, 0, 15));
    }

    private static bool KnowsHoles(SafeFileHandle file, string blocks) =>
        !blocks.Contains('.', StringComparison.Ordinal)
        || LibC.SeekHole(file, 0).Value < (long)blocks.Length * SparseFile.Block;
}
