using Splice.Copying.Parts;
using Xunit;

namespace Splice.Tests.Copying.Parts;

public sealed class PartPlanTests
{
    private const int Block = 4096;

    [Theory]
    [InlineData(0, 10, new long[] { 0 })]
    [InlineData(9, 10, new long[] { 9 })]
    [InlineData(10, 10, new long[] { 10 })]
    [InlineData(11, 10, new long[] { 10, 1 })]
    [InlineData(30, 10, new long[] { 10, 10, 10 })]
    public void All_parts_but_the_last_have_the_size_that_is_asked_for(long size, long partSize, long[] expected)
    {
        IReadOnlyList<PartPlan.Range> parts = PartPlan.Cut(Request() with { PartSize = partSize }, size, Block);

        Assert.Equal(expected, parts.Select(part => part.Length));
        AssertWhole(parts, size);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3, 3)]
    [InlineData(10, 3)]
    [InlineData((5 * Block) + 1, 5)]
    [InlineData(5 * Block, 4)]
    [InlineData((100 * Block) - 1, 7)]
    [InlineData(1L << 50, 100_000)]
    public void So_many_parts_as_are_asked_for_begin_with_blocks_where_there_are_enough(long size, int count)
    {
        IReadOnlyList<PartPlan.Range> parts = PartPlan.Cut(Request() with { PartCount = count }, size, Block);

        Assert.Equal(count, parts.Count);
        AssertWhole(parts, size);
        Assert.All(parts, part => Assert.True(part.Length > 0 || size == 0));
        Assert.All(parts, part => Assert.True(size / Block < count || part.Start % Block == 0));
        Assert.InRange(parts.Max(part => part.Length) - parts.Min(part => part.Length), 0, 2 * Block);
    }

    [Fact]
    public void Every_size_is_cut_into_every_number_of_parts()
    {
        for (int size = 1; size <= 60; size++)
        {
            for (int count = 1; count <= size; count++)
            {
                IReadOnlyList<PartPlan.Range> parts = PartPlan.Cut(Request() with { PartCount = count }, size, blockSize: 8);
                Assert.Equal(count, parts.Count);
                AssertWhole(parts, size);
            }
        }
    }

    [Theory]
    [InlineData(1L, null)]
    [InlineData(null, 100_001)]
    [InlineData(null, int.MaxValue)]
    public void More_parts_than_can_be_made_are_an_error(long? partSize, int? partCount)
    {
        TransferException error = Assert.Throws<TransferException>(
            () => PartPlan.Cut(Request() with { PartSize = partSize, PartCount = partCount }, 1 << 20, Block));

        Assert.Equal(TransferErrorId.TooManyParts, error.Id);
    }

    [Fact]
    public void A_file_that_has_fewer_bytes_than_parts_is_an_error() => Assert.Equal(
        TransferErrorId.TooManyParts,
        Assert.Throws<TransferException>(() => PartPlan.Cut(Request() with { PartCount = 4 }, 3, Block)).Id);

    [Theory]
    [InlineData(3, null, "disk.img.001", "disk.img.003")]
    [InlineData(999, null, "disk.img.001", "disk.img.999")]
    [InlineData(1000, null, "disk.img.0001", "disk.img.1000")]
    [InlineData(12, "{1:x}-{0}", "1-disk.img", "c-disk.img")]
    public void Names_sort_as_the_parts_do(int count, string? format, string first, string last)
    {
        IReadOnlyList<string> names = PartNames.Of(Request() with { NameFormat = format }, count).All;

        Assert.Equal((first, last), (names[0], names[^1]));
        Assert.Equal(count, names.Count);
        Assert.True(format is not null || names.Order(StringComparer.Ordinal).SequenceEqual(names));
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("part")]
    [InlineData("a/{1}")]
    [InlineData("\0{1}")]
    [InlineData("{2}")]
    [InlineData("{1")]
    [InlineData("{1:D400}")]
    public void What_gives_no_names_is_an_error(string format) => Assert.Equal(
        TransferErrorId.InvalidNameFormat,
        Assert.Throws<TransferException>(() => PartNames.Of(Request() with { NameFormat = format }, 2)).Id);

    private static SplitRequest Request() => new()
    {
        Copy = new CopyRequest { Source = "/images/disk.img", Destination = "/parts" },
    };

    private static void AssertWhole(IReadOnlyList<PartPlan.Range> parts, long size)
    {
        long end = 0;
        Assert.All(parts, part =>
        {
            Assert.Equal(end, part.Start);
            end += part.Length;
        });
        Assert.Equal(size, end);
    }
}
