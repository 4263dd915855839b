using Splice.Interop;

namespace Splice.TestKit.Faults;

/// <summary>Does something once, between two system calls of this thread, as another process could.</summary>
internal sealed class BetweenCalls : IDisposable
{
    /// <param name="condition">Is asked after each call until it holds.</param>
    /// <param name="action">What is done then.</param>
    public BetweenCalls(Func<bool> condition, Action action) => SystemCallCount.Sink = (_, _, _) =>
    {
        if (!HasHappened && condition())
        {
            HasHappened = true;
            action();
        }
    };

    public bool HasHappened { get; private set; }

    public void Dispose() => SystemCallCount.Sink = null;
}
