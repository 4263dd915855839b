using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Transfer;

public class ReflinkRangeTests
{
    private const int Largest = 11;

    /// <summary>Every small case, so that no rule is left to luck.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void The_part_is_the_longest_that_the_kernel_takes(int blockSize)
    {
        for (int sourceSize = 1; sourceSize <= Largest; sourceSize++)
        {
            for (int sourceOffset = 0; sourceOffset < sourceSize; sourceOffset++)
            {
                for (int count = 1; count <= sourceSize - sourceOffset; count++)
                {
                    for (int destinationOffset = 0; destinationOffset <= Largest; destinationOffset++)
                    {
                        for (int destinationSize = 0; destinationSize <= Largest; destinationSize++)
                        {
                            Check(sourceOffset, destinationOffset, count, sourceSize, destinationSize, blockSize);
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public void Offsets_beyond_4_gibibytes_are_lined_up_too() => Assert.Equal(
        new ReflinkRange(4095, 4096),
        ReflinkRange.Align((5L << 30) + 1, (9L << 30) + 1, 10_000, 6L << 30, 0, 4096));

    private static void Check(
        int sourceOffset, int destinationOffset, int count, int sourceSize, int destinationSize, int blockSize)
    {
        ReflinkRange part = ReflinkRange.Align(
            sourceOffset, destinationOffset, count, sourceSize, destinationSize, blockSize);
        int longest = 0;
        for (int start = 0; start < count; start++)
        {
            for (int length = 1; length <= count - start; length++)
            {
                if (Takes(start, length))
                {
                    longest = Math.Max(longest, length);
                }
            }
        }

        bool agrees = part.Length == longest && (longest == 0 || Takes((int)part.Start, longest));
        Assert.True(
            agrees,
            $"{sourceOffset}+{count} of {sourceSize} to {destinationOffset} of {destinationSize}: {part}, not {longest}");

        // ioctl_ficlonerange(2): block aligned, but for a last block that ends the source and then ends the destination.
        bool Takes(int start, int length)
        {
            int end = sourceOffset + start + length;
            int destinationEnd = destinationOffset + start + length;
            return start + length <= count
                && (sourceOffset + start) % blockSize == 0
                && (destinationOffset + start) % blockSize == 0
                && (end % blockSize == 0 || (end == sourceSize && destinationEnd >= destinationSize));
        }
    }
}
