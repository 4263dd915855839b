namespace Splice.TestKit.Processes;

/// <summary>The children of a process: proc_pid_task(5).</summary>
internal static class ChildProcesses
{
    /// <summary>Returns the ids of the children.</summary>
    /// <param name="process">The id of the process; this one by default.</param>
    public static string[] Ids(string process = "self")
    {
        try
        {
            return [.. Directory.GetDirectories($"/proc/{process}/task").SelectMany(OfThread)];
        }
        catch (IOException)
        {
            return []; // the process has ended
        }
    }

    /// <summary>Returns the id of a process, those of its children, and of theirs.</summary>
    public static IEnumerable<string> WithDescendants(string process) => Ids(process).SelectMany(WithDescendants).Prepend(process);

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
