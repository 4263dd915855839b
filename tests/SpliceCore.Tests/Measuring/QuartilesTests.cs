using Splice.Measuring;
using Xunit;

namespace Splice.Tests.Measuring;

public sealed class QuartilesTests
{
    // As numpy.percentile(numbers, [25, 50, 75]) and R's quantile() say.
    [Theory]
    [InlineData(new double[] { 7 }, 7, 7, 7)]
    [InlineData(new double[] { 4, 2 }, 2.5, 3, 3.5)]
    [InlineData(new double[] { 3, 1, 2 }, 1.5, 2, 2.5)]
    [InlineData(new double[] { 10, 20, 40, 30 }, 17.5, 25, 32.5)]
    [InlineData(new double[] { 5, 1, 4, 2, 3 }, 2, 3, 4)]
    [InlineData(new double[] { 2, 2, 2, 2, 1000 }, 2, 2, 2)]
    [InlineData(new double[] { 15, 20, 35, 40, 50, 7 }, 16.25, 27.5, 38.75)]
    public void Are_those_of_others(double[] numbers, double first, double median, double third) =>
        Assert.Equal(new Quartiles(first, median, third), Quartiles.Of(numbers));
}
