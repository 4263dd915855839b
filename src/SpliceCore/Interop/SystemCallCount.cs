namespace Splice.Interop;

/// <summary>How many system calls this thread has made through <see cref="LibC"/>. A transfer runs on one thread,
/// so the difference over it is the transfer's own.</summary>
internal static class SystemCallCount
{
    [ThreadStatic]
    private static long _current;

    [ThreadStatic]
    private static TransferJournal? _journal;

    public static long Current => _current;

    /// <summary>Where this thread notes its calls; null where nobody wants to know them.</summary>
    public static TransferJournal? Journal
    {
        set => _journal = value;
    }

    /// <summary>Counts a call that another thread has made, and noted.</summary>
    public static void Increment() => _current++;

    /// <summary>Counts a call, and notes it where somebody wants to know.</summary>
    /// <param name="call">The call as it stands in the source.</param>
    /// <param name="value">What it answered.</param>
    /// <param name="errno">Why it failed; None where it did not.</param>
    public static void Add(string call, long value, Errno errno)
    {
        _current++;
        _journal?.Add(call, value, errno);
    }
}
