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
    {
        Command.Require("strace");
        _strace = new ChildProcess(
            "strace", "-f", "-o", _logs["trace"], "-e", $"trace={fault.Calls}", "-e", $"inject={fault.Calls}:{fault.What}:when={fault.When}", "-p", process);
        _strace.WaitForError("attached");
    }

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

        return File.ReadLines(_logs["trace"]).Count(line => line.EndsWith("(INJECTED)", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        Detach();
        _strace.Dispose();
        _logs.Dispose();
    }
}
