using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Transfer;

public sealed class HoleWriterTests : IDisposable
{
    private const int Block = SparseFile.Block;

    private readonly Workspace _workspace = new();
    private readonly SafeFileHandle _file;
    private readonly HoleWriter _holes;

    public HoleWriterTests()
    {
        _file = Posix.OpenWrite(SparseFile.Write(_workspace, "file", "XXXX"));
        _holes = new HoleWriter(Descriptor.Describe(_file, "file"));
    }

    private string Layout => SparseFile.Read(_workspace["file"]);

    [Fact]
    public void Old_data_are_punched_out()
    {
        Assert.True(_holes.TryMake(Block, 2 * Block));
        Assert.True(_holes.GrowTo(3 * Block).Ok);
        Assert.Equal("X..X", Layout);
    }

    [Fact]
    public void A_hole_at_the_end_makes_the_file_longer()
    {
        Assert.True(_holes.TryMake(3 * Block, 3 * Block));
        Assert.Equal("XXX.", Layout);
        Assert.True(_holes.GrowTo(6 * Block).Ok);
        Assert.Equal("XXX...", Layout);
    }

    [Fact]
    public void A_size_set_too_large_is_cut_back_but_never_below_the_old_one()
    {
        Assert.True(_holes.GrowTo(7 * Block).Ok);
        Assert.True(_holes.EndAt(5 * Block).Ok);
        Assert.Equal("XXXX.", Layout);
        Assert.True(_holes.EndAt(2 * Block).Ok);
        Assert.Equal("XXXX", Layout);
    }

    [Fact]
    public void In_order_the_file_is_as_long_as_what_has_arrived()
    {
        var holes = new HoleWriter(Descriptor.Describe(_file, "file"), inOrder: true);
        Assert.True(holes.GrowTo(9 * Block).Ok);
        Assert.Equal("XXXX", Layout);
        Assert.True(holes.TryMake(4 * Block, 2 * Block));
        Assert.Equal("XXXX..", Layout);
        Assert.True(holes.EndAt(5 * Block).Ok);
        Assert.Equal("XXXX..", Layout);
    }

    [Fact]
    public void Where_no_hole_can_be_punched_the_zeros_must_be_written()
    {
        using SafeFileHandle unwritable = Posix.OpenRead(_workspace["file"]);
        var holes = new HoleWriter(Descriptor.Describe(unwritable, "file"));
        Assert.False(holes.TryMake(0, Block));
        Assert.True(holes.GrowTo(Block).Ok);
        Assert.Equal("XXXX", Layout);
    }

    public void Dispose()
    {
        _file.Dispose();
        _workspace.Dispose();
    }
}
