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
    /// <param name="endReport">Returns the result or the error of the work that has to fulfil the condition; null while it runs. After
    /// its end nothing is waited for.</param>
    public static void Until(Func<bool> condition, string failure, Func<string?>? endReport = null)
    {
        string? end = null;
        bool isOver = SpinWait.SpinUntil(() => condition() || (end = endReport?.Invoke()) is not null, Limit);

        // The work can fulfil the condition right before its end.
        Assert.True(isOver && (end is null || condition()), end is null ? failure : $"{failure} (the work has ended: {end})");
    }

    /// <summary>Runs what can be cancelled; at the limit it is.</summary>
    public static T For<T>(Func<CancellationToken, T> work, CancellationToken cancellation = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        return work(limit.Token);
    }
}
