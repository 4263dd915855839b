namespace Splice.Completion;

/// <summary>Asks what may take long, and waits a moment: a network that is dead must not hold up who types.</summary>
internal static class Promptly
{
    /// <summary>How long who types waits.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private static volatile Task? _last;

    /// <summary>The answer; null where there is none in time, or the last question still waits for its own.</summary>
    /// <param name="ask">Asks; throws nothing, and may be left alone.</param>
    public static T? Answer<T>(Func<T?> ask)
        where T : class
    {
        if (_last is { IsCompleted: false })
        {
            return null;
        }

        Task<T?> asked = Task.Factory.StartNew(ask, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _last = asked;
        return asked.Wait(Patience) ? asked.Result : null;
    }
}
