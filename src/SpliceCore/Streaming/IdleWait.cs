using Splice.Errors;
using Splice.Transfer;

namespace Splice.Streaming;

/// <summary>Opening what waits for its other end, for no longer than a side may be idle.</summary>
internal sealed class IdleWait(TimeSpan? patience, CancellationToken cancellation)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue); // of a timer

    /// <exception cref="TransferException">It took too long.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public T For<T>(TransferSide side, string name, Func<CancellationToken, T> open)
    {
        if (patience is not TimeSpan time || time > Longest)
        {
            return open(cancellation);
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        either.CancelAfter(time);
        try
        {
            return open(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Failures.Idle(side, name, time, arrived: 0);
        }
    }
}
