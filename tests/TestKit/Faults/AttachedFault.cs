namespace Splice.TestKit.Faults;

/// <summary>strace(1) beside a process that runs already: it injects a fault into each thread's calls until it is
/// disposed of. A thread that begins meanwhile counts its calls from the first.</summary>
internal sealed class AttachedFault : IDisposable
{
    private readonly Workspace _logs = new();
    private readonly ChildProcess _strace;

    public AttachedFault(TreeHostProcess host, Fault fault)
        : this(host.Id, fault)
    {
    }

    /// <param name="process">The id of the process.</param>
    /// <param name="fault">What happens to its calls.</param>
    public AttachedFault(string process, Fault fault)
        : this(process, ["strace", "-f", "-e", $"trace={fault.Calls}", "-e", $"inject={fault.Calls}:{fault.What}:when={fault.When}"])
    {
    }

    /// <param name="process">The id of the process.</param>
    /// <param name="command">strace(1) and its options, as if it started the process.</param>
    public AttachedFault(string process, string[] command)
    {
        Command.Require("strace");
        string[] output = command.Contains("-o") ? [] : ["-o", _logs["trace"]];
        _strace = new ChildProcess([
            .. TestHost.AtNamedCalls(command).Select(part => part == "-qq" ? "--quiet=exit,path-resolution" : part), .. output, "-p", process]);
        _strace.WaitForError("attached");
    }

    /// <summary>True if strace(1) sees and does the same in a process that had copied other files before. A file system that does
    /// not give names to unnamed files (linkat) is remembered, signals are for one thread, and only root may attach to any process.</summary>
    public static bool CanReplace(string[] command) =>
        Posix.IsRoot && command is ["strace", "-f", ..]
        && !command.Any(part => part.Contains(":signal=", StringComparison.Ordinal) || part.Contains("linkat:error", StringComparison.Ordinal));

    /// <summary>Ends the injection.</summary>
    /// <returns>How many calls were meddled with.</returns>
    public int Detach()
    {
        if (!_strace.HasExited)
        {
            // It may end at this moment, with the process that it is attached to.
            Command.Run("kill", "-s", "INT", _strace.Id);
            _strace.WaitForExit();
        }

        return File.Exists(_logs["trace"])
            ? File.ReadLines(_logs["trace"]).Count(line => line.EndsWith("(INJECTED)", StringComparison.Ordinal))
            : 0;
    }

    public void Dispose()
    {
        Detach();
        _strace.Dispose();
        _logs.Dispose();
    }
}
