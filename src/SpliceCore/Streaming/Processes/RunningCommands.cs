using System.Diagnostics;
using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>The commands of one pipeline while they run.</summary>
internal sealed class RunningCommands : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly List<SpawnedCommand> _commands = [];

    public bool AreRunning => _commands.Exists(command => !command.HasEnded);

    /// <summary>True if one runs of which no descriptor tells when it ends.</summary>
    public bool MustBeAsked => _commands.Exists(command => !command.HasEnded && command.Handle is null);

    /// <summary>What tells that one has ended.</summary>
    public IEnumerable<SafeHandle?> Handles => _commands.Where(command => !command.HasEnded).Select(command => command.Handle);

    public void Add(SpawnedCommand command) => _commands.Add(command);

    public void Reap() => _commands.ForEach(command => command.Reap());

    public void LookAtMemory() => _commands.ForEach(command => command.LookAtMemory());

    public IReadOnlyList<NativeCommandResult> Results(long ownPeak) =>
        [.. _commands.Select((command, i) => command.Result(isLast: i == _commands.Count - 1, ownPeak))];

    /// <summary>Ends those that still run: politely, then by force. One that belongs to somebody else by now (sudo), or hangs in
    /// the kernel, is left to a thread that waits for it.</summary>
    public void Dispose()
    {
        SendAll(LibC.SIGTERM);
        SendAll(LibC.SIGCONT); // a stopped one hears nothing else
        WaitForAll();
        SendAll(LibC.SIGKILL);
        WaitForAll();
        foreach (SpawnedCommand command in _commands)
        {
            if (!command.HasEnded)
            {
                command.Abandon();
            }

            command.Dispose();
        }
    }

    private void SendAll(int signal) => _commands.ForEach(command => command.Send(signal));

    private void WaitForAll()
    {
        long start = Stopwatch.GetTimestamp();
        var waits = new CommandWaits();
        Reap();
        while (AreRunning && Stopwatch.GetElapsedTime(start) < Grace)
        {
            waits.Begin(first: null);
            waits.AddAll(Handles);
            waits.Wait(MustBeAsked);
            Reap();
        }
    }
}

/// <summary>Waiting for several descriptors to be readable, and never for long: somebody wants to know how far it is. The
/// first waits are short, so that short commands are seen as well.</summary>
internal sealed class CommandWaits
{
    private const int FirstInterval = 2; // milliseconds
    private const int LongestInterval = 200;
    private const int LongestUnasked = 20;

    private readonly List<LibC.PollDescriptor> _descriptors = [];
    private int _interval = FirstInterval;

    /// <summary>Begins anew with one.</summary>
    public void Begin(SafeHandle? first)
    {
        _descriptors.Clear();
        Add(first);
    }

    public void Add(SafeHandle? handle)
    {
        if (handle is not null)
        {
            _descriptors.Add(new() { Descriptor = (int)handle.DangerousGetHandle(), Events = PollEvents.In });
        }
    }

    public void AddAll(IEnumerable<SafeHandle?> handles)
    {
        foreach (SafeHandle? handle in handles)
        {
            Add(handle);
        }
    }

    /// <summary>Waits.</summary>
    /// <param name="mustAsk">Whether there is something that no descriptor tells of.</param>
    public void Wait(bool mustAsk)
    {
        int timeout = mustAsk ? Math.Min(_interval, LongestUnasked) : _interval;
        if (LibC.Poll(CollectionsMarshal.AsSpan(_descriptors), timeout).Value == 0)
        {
            _interval = Math.Min(_interval * 2, LongestInterval);
        }
    }

    /// <summary>True if one of them is readable, or has hung up.</summary>
    public bool IsReady(SafeHandle handle)
    {
        int number = (int)handle.DangerousGetHandle();
        return _descriptors.Exists(entry => entry.Descriptor == number && entry.Returned != PollEvents.None);
    }
}
