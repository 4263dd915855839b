namespace Splice.TestKit.Processes;

/// <summary>The children of this process: proc_pid_task(5).</summary>
internal static class ChildProcesses
{
    /// <summary>Returns the ids of the children.</summary>
    public static string[] Ids() => [.. Directory.GetDirectories("/proc/self/task").SelectMany(OfThread)];

    private static string[] OfThread(string thread)
    {
        try
        {
            return File.ReadAllText($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (IOException)
        {
            return []; // the thread has ended, and its children belong to another thread
        }
    }
}
