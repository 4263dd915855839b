namespace Splice.Interop;

/// <summary>How many system calls this thread has made through <see cref="LibC"/>. A transfer runs on one thread,
/// so the difference over it is the transfer's own.</summary>
internal static class SystemCallCount
{
    [ThreadStatic]
    private static long _current;

    public static long Current => _current;

    public static void Increment() => _current++;
}
