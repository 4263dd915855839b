namespace Splice.Descriptors;

/// <summary>Threads that work in the background.</summary>
internal static class WorkerThread
{
    /// <summary>Starts a thread.</summary>
    /// <returns>Null if the user's threads are limited (pthread_create(3), EAGAIN; ulimit -u): others have to do the work.</returns>
    public static Thread? TryStart(ThreadStart work)
    {
        var thread = new Thread(work) { IsBackground = true, Name = "Splice" };
        try
        {
            thread.Start();
            return thread;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>Starts a thread without which nothing can be done.</summary>
    /// <exception cref="TransferException">It cannot be started.</exception>
    public static Thread Start(ThreadStart work) => TryStart(work) ?? throw new TransferException(TransferErrorId.ResourceExhausted,
        "The system cannot start another thread.",
        "End some processes, or raise the limit (ulimit -u).",
        Errno.EAGAIN);
}
