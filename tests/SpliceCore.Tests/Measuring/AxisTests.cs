using Splice.Measuring;
using Xunit;

namespace Splice.Tests.Measuring;

public sealed class AxisTests
{
    [Theory]
    [InlineData(1, 0.2, 1)]
    [InlineData(194, 50, 200)]
    [InlineData(505, 200, 600)]
    [InlineData(6, 2, 6)]
    [InlineData(6.1, 2, 8)]
    [InlineData(0.0123, 0.005, 0.015)]
    [InlineData(59_000, 20_000, 60_000)]
    [InlineData(61_000, 20_000, 80_000)]
    public void Has_round_marks_past_the_largest_value(double largest, double step, double end)
    {
        var axis = new Axis(largest);
        Assert.Equal(step, axis.Step, precision: 9);
        Assert.Equal(end, axis.End, precision: 9);
        Assert.Equal(0, axis.Marks.First());
        Assert.Equal(end, axis.Marks.Last(), precision: 9);
        Assert.InRange(axis.Marks.Count(), 3, 6);
    }
}
