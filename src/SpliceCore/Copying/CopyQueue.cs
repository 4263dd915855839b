using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Splice.Copying;
using Splice.Descriptors;

namespace Splice;

/// <summary>Copies many files into one folder, several at once, and returns the outcomes in the order in which the files were added.
/// For use from one thread.</summary>
public sealed class CopyQueue : IDisposable
{
    private readonly AutoResetEvent _wakeUp = new(initialState: false);
    private readonly CancellationTokenSource _stop;
    private readonly ConcurrentQueue<Copy> _waiting = new();
    private readonly Queue<Copy> _inOrder = new();
    private readonly List<Thread> _workers = [];
    private readonly HashSet<ulong> _names = [];
    private DestinationFolder? _folder;
    private string? _destination;
    private int _idle;
    private int _threads;
    private volatile bool _ended;

    /// <summary>Creates an empty queue.</summary>
    /// <param name="threads">Number of files that are copied at once.</param>
    /// <param name="cancellation">Stops running copies after at most one step, and the others before their first.</param>
    public CopyQueue(int threads, CancellationToken cancellation)
    {
        _threads = threads;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    }

    /// <summary>Number of files whose outcomes were not taken yet.</summary>
    public int Count => _inOrder.Count;

    /// <summary>The file whose outcome comes next; null if there is none.</summary>
    public CopyRequest? Next => _inOrder.TryPeek(out Copy? copy) ? copy.Request : null;

    /// <summary>Progress of that file.</summary>
    public TransferProgress Progress => _inOrder.TryPeek(out Copy? copy) ? copy.Progress : default;

    /// <summary>Adds the copy of a whole file. False if it has to wait until all earlier ones are done, since it goes to another folder,
    /// or to the same name as one of them.</summary>
    /// <param name="request">The copy.</param>
    public bool TryAdd(CopyRequest request)
    {
        if (_destination != request.Destination)
        {
            if (Count > 0)
            {
                return false;
            }

            _folder?.Dispose();
            _folder = DestinationFolder.TryOpen(request.Destination, request.CreatedFiles);
            _destination = request.Destination;
        }

        bool isAlone = _folder is null || !_names.Add(Key(Path.Join(request.Destination, Path.GetFileName(request.Source))));
        if (isAlone && Count > 0)
        {
            return false;
        }

        var copy = new Copy(request, _folder, _stop.Token);
        _inOrder.Enqueue(copy);
        _waiting.Enqueue(copy);
        if (_workers.Count < _threads && _waiting.Count > _workers.Count)
        {
            StartWorker();
        }

        if (_workers.Count == 0 && _waiting.TryDequeue(out Copy? next))
        {
            next.Run();
        }
        else if (Volatile.Read(ref _idle) > 0 && _waiting.Count >= Tuning.FilesPerWakeUp)
        {
            _wakeUp.Set();
        }

        return true;
    }

    /// <summary>Takes the next outcome.</summary>
    /// <param name="wait">Time to wait for it.</param>
    /// <returns>The outcome; null if it is not available yet, or the queue is empty.</returns>
    public CopyOutcome? TryTake(TimeSpan wait)
    {
        if (!_inOrder.TryPeek(out Copy? copy) || !IsDone(copy, wait))
        {
            return null;
        }

        _inOrder.Dequeue();
        return copy.Outcome;
    }

    /// <summary>Stops running copies, and waits for them.</summary>
    public void Dispose()
    {
        _ended = true;
        _stop.Cancel();
        foreach (Thread worker in _workers)
        {
            worker.Join();
        }

        _folder?.Dispose();
        _wakeUp.Dispose();
        _stop.Dispose();
    }

    /// <summary>True if a copy is done, or is so in time. If many wait, one wake-up is for many outcomes.</summary>
    private bool IsDone(Copy copy, TimeSpan wait)
    {
        if (!copy.IsDone && wait > Tuning.QueuePollInterval && Count > Tuning.FilesPerWakeUp)
        {
            Thread.Sleep(Tuning.QueuePollInterval);
        }

        return copy.IsDone || copy.Wait(wait);
    }

    private void StartWorker()
    {
        if (WorkerThread.TryStart(Work) is { } worker)
        {
            _workers.Add(worker);
        }
        else
        {
            // The existing ones do all the work; if there are none, the adding thread does.
            _threads = _workers.Count;
        }
    }

    /// <summary>Hashes a path with FNV-1a, since there can be a million.</summary>
    private static ulong Key(string path)
    {
        ulong hash = 14695981039346656037;
        foreach (char letter in path)
        {
            hash = (hash ^ letter) * 1099511628211;
        }

        return hash;
    }

    /// <summary>Waking a thread costs more than copying a small file. So an idle thread is woken when many files wait, and otherwise
    /// polls.</summary>
    private void Work()
    {
        while (!_ended)
        {
            if (_waiting.TryDequeue(out Copy? copy))
            {
                copy.Run();
            }
            else
            {
                Interlocked.Increment(ref _idle);
                _wakeUp.WaitOne(Tuning.QueuePollInterval);
                Interlocked.Decrement(ref _idle);
            }
        }
    }

    private sealed class Copy(CopyRequest request, DestinationFolder? folder, CancellationToken cancellation)
    {
        private readonly object _lock = new();
        private TransferTrace? _trace;
        private TransferResult? _result;
        private Exception? _error;
        private volatile bool _done;
        private volatile bool _awaited;

        public CopyRequest Request => request;

        public TransferProgress Progress { get; private set; }

        public bool IsDone => _done;

        public CopyOutcome Outcome
        {
            get
            {
                if (_error is not null and not TransferException)
                {
                    ExceptionDispatchInfo.Throw(_error);
                }

                return new CopyOutcome(request, _result, (TransferException?)_error) { Journal = _trace };
            }
        }

        public void Run()
        {
            try
            {
                _trace = TransferTrace.Current?.NewPage();
                _result = _trace is null ? CopyFile() : _trace.Follow(CopyFile);
            }
            catch (Exception exception)
            {
                // Thrown on the thread that takes the outcome.
                _error = exception;
            }

            _done = true;
            Thread.MemoryBarrier();
            if (_awaited)
            {
                lock (_lock)
                {
                    Monitor.PulseAll(_lock);
                }
            }
        }

        private TransferResult CopyFile() =>
            FileCopy.Copy(request, folder, new TransferMonitor(progress => Progress = progress, cancellation));

        public bool Wait(TimeSpan time)
        {
            if (_done || time <= TimeSpan.Zero)
            {
                return _done;
            }

            lock (_lock)
            {
                _awaited = true;
                Thread.MemoryBarrier();
                if (!_done)
                {
                    Monitor.Wait(_lock, time);
                }

                return _done;
            }
        }
    }
}

/// <summary>Result of one copy of many.</summary>
/// <param name="Request">The copy.</param>
/// <param name="Result">Its result; null if it failed.</param>
/// <param name="Error">Its error; null if it succeeded.</param>
public sealed record CopyOutcome(CopyRequest Request, TransferResult? Result, TransferException? Error)
{
    /// <summary>Its decisions and system calls; null without a journal.</summary>
    public TransferTrace? Journal { get; init; }
}
