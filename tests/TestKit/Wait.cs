using Xunit;

namespace Splice.TestKit;

/// <summary>Waits for what must come. None is endless: one that reaches the limit has failed.</summary>
internal static class Wait
{
    /// <summary>Far above what anything in a test takes, on a busy machine too.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Waits until a condition holds.</summary>
    /// <param name="condition">Is asked again and again.</param>
    /// <param name="failure">What is wrong where it never holds.</param>
    public static void Until(Func<bool> condition, string failure) => Assert.True(SpinWait.SpinUntil(condition, Limit), failure);

    /// <summary>Runs what can be cancelled; at the limit it is.</summary>
    public static T For<T>(Func<CancellationToken, T> work, CancellationToken cancellation = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        return work(limit.Token);
    }
}
