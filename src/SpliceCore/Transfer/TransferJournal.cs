using Splice.Interop;

namespace Splice;

/// <summary>What the engine decides, and which system calls it makes, in some piece of work. It follows the work to the threads that
/// this starts, and several of them may write into it. Work without a journal notes nothing.</summary>
/// <param name="takesCalls">Whether the system calls are wanted, too.</param>
public sealed class TransferJournal(bool takesCalls)
{
    private static readonly AsyncLocal<TransferJournal?> Followed = new(change => Take(change.CurrentValue));

    [ThreadStatic]
    private static TransferJournal? _current;

    private readonly object _lock = new();
    private readonly List<string> _decisions = [];
    private readonly List<SystemCallSum> _calls = [];

    /// <summary>What was decided, a sentence each.</summary>
    public IReadOnlyList<string> Decisions
    {
        get
        {
            lock (_lock)
            {
                return [.. _decisions];
            }
        }
    }

    /// <summary>The system calls, by name and by how they ended, in the order of the first of each. Empty where they were not
    /// wanted.</summary>
    public IReadOnlyList<SystemCallSum> SystemCalls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>The journal of the work of this thread; null where nobody reads one.</summary>
    internal static TransferJournal? Current => _current;

    private bool TakesCalls => takesCalls;

    /// <summary>Does some work, which is noted here.</summary>
    /// <param name="work">The work.</param>
    /// <typeparam name="T">What comes of it.</typeparam>
    /// <returns>What came of it.</returns>
    public T Follow<T>(Func<T> work)
    {
        TransferJournal? outer = Followed.Value;
        Followed.Value = this;
        try
        {
            return work();
        }
        finally
        {
            Followed.Value = outer;
        }
    }

    /// <summary>An empty one that takes the same, for one of several pieces of work.</summary>
    internal TransferJournal NewPage() => new(takesCalls);

    internal void Note(string decision)
    {
        lock (_lock)
        {
            _decisions.Add(decision);
        }
    }

    internal void Add(string call, long value, Errno errno)
    {
        string name = SystemCallName.Of(call);
        lock (_lock)
        {
            int i = _calls.FindIndex(sum => sum.Name == name && sum.Errno == errno);
            SystemCallSum sum = i < 0 ? new SystemCallSum(name, errno, 0, SystemCallName.MovesBytes(name) && errno == Errno.None ? 0 : null) : _calls[i];
            sum = sum with { Count = sum.Count + 1, Bytes = sum.Bytes + value };
            if (i < 0)
            {
                _calls.Add(sum);
            }
            else
            {
                _calls[i] = sum;
            }
        }
    }

    private static void Take(TransferJournal? journal)
    {
        _current = journal;
        SystemCallCount.Sink = journal is { TakesCalls: true } ? journal.Add : null;
    }
}
