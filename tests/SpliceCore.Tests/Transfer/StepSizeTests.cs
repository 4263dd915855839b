using Splice.Descriptors;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Transfer;

public class StepSizeTests
{
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(251);
    private static readonly TimeSpan Middling = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Fast = TimeSpan.FromMilliseconds(49);

    [Fact]
    public void A_slow_step_halves_down_to_a_mebibyte()
    {
        var size = new StepSize();
        long before = size.Current;
        size.Observe(1, Slow);
        Assert.Equal(before / 2, size.Current);
        Repeat(20, () => size.Observe(1, Slow));
        Assert.Equal(1 << 20, size.Current);
    }

    [Fact]
    public void A_fast_full_step_doubles_up_to_the_largest()
    {
        var size = new StepSize();
        long before = size.Current;
        size.Observe(before, Fast);
        Assert.Equal(before * 2, size.Current);
        Repeat(20, () => size.Observe(size.Current, Fast));
        Assert.Equal(Tuning.LargestStep, size.Current);
    }

    [Fact]
    public void A_short_step_and_one_of_middling_speed_change_nothing()
    {
        var size = new StepSize();
        long before = size.Current;
        size.Observe(before - 1, Fast);
        size.Observe(before, Middling);
        Assert.Equal(before, size.Current);
    }

    private static void Repeat(int times, Action action)
    {
        for (int i = 0; i < times; i++)
        {
            action();
        }
    }
}
