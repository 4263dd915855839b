using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>The threads that copy a tree, and the one that started them: only that one calls the monitor.</summary>
internal sealed class TreeWorkerPool
{
    private readonly TreeCopyContext _context;
    private readonly TreeMonitor _monitor;
    private readonly TreeWorker[] _workers;
    private readonly long _started = Stopwatch.GetTimestamp();
    private ExceptionDispatchInfo? _fault;

    public TreeWorkerPool(TreeCopyContext context, int threads, TreeMonitor monitor)
    {
        _context = context;
        _monitor = monitor;
        _workers = [.. Enumerable.Range(0, threads).Select(_ => new TreeWorker(context))];
    }

    public TransferResult Run()
    {
        List<Thread> threads = [];
        try
        {
            Start(threads);
            TransferTrace.Current?.Note($"{_context.Copy.Source}: files are copied by {threads.Count} {(threads.Count == 1 ? "thread" : "threads")}");
            Listen();
        }
        finally
        {
            // Also where the monitor throws: the workers would wait for their reports to be read.
            _context.Stop();
            foreach (Thread thread in threads)
            {
                thread.Join();
            }
        }

        _fault?.Throw();
        TransferResult result = Result();
        return !_monitor.Cancellation.IsCancellationRequested
            ? result
            : throw new TransferException(TransferErrorId.Cancelled,
                $"Copying '{result.Source}' to '{result.Destination}' was stopped after {result.FileCount} complete {(result.FileCount == 1 ? "file" : "files")} ({ByteText.Of(result.BytesCopied - result.BytesInHoles)}).",
                "Run the command again.",
                Errno.ECANCELED, result.Destination)
            {
                Partial = result,
            };
    }

    /// <summary>Reports that all is copied, and the disk does not have all of it yet.</summary>
    public void ReportFlushing()
    {
        TransferResult copied = Result();
        long bytes = copied.BytesCopied - copied.BytesInHoles;
        _monitor.Progress?.Invoke(new TreeProgress(copied.FileCount, bytes, copied.FileCount, bytes, copied.Elapsed)
        {
            Phase = TransferPhase.Flushing,
        });
    }

    /// <summary>Starts as many workers as the system allows.</summary>
    private void Start(List<Thread> threads)
    {
        foreach (TreeWorker worker in _workers)
        {
            if (WorkerThread.TryStart(() => Work(worker)) is { } thread)
            {
                threads.Add(thread);
            }
            else
            {
                RemoveWorker(); // the others copy everything
            }
        }

        if (threads.Count == 0)
        {
            throw TreeErrors.NoThreads(_context.Copy.Source);
        }
    }

    private void Work(TreeWorker worker)
    {
        try
        {
            worker.Run();
        }
        catch (Exception exception)
        {
            if (exception is not (OperationCanceledException or TransferException { Id: TransferErrorId.Cancelled }))
            {
                // A bug: it is thrown again on the thread that started the copy.
                _fault = ExceptionDispatchInfo.Capture(exception);
            }

            _context.Stop();
        }
        finally
        {
            RemoveWorker();
        }
    }

    private void RemoveWorker()
    {
        if (_context.Queue.RemoveWorker() == 0)
        {
            _context.Reports.CompleteAdding();
        }
    }

    /// <summary>Passes the workers' reports to the monitor, until the last worker has ended.</summary>
    private void Listen()
    {
        using var count = new TreeCount(_context.Request);
        while (!_context.Reports.IsCompleted)
        {
            if (_context.Reports.TryTake(out object? report, Tuning.ReportInterval))
            {
                switch (report)
                {
                    case TransferResult { DirectoryCount: > 0 } folder:
                        _monitor.FolderPlanned?.Invoke(folder);
                        break;
                    case TransferResult result:
                        _monitor.FileCopied?.Invoke(result);
                        break;
                    case TransferException exception:
                        _monitor.Failed?.Invoke(exception);
                        break;
                    default:
                        _monitor.Warned?.Invoke((string)report);
                        break;
                }
            }

            if (_monitor.Progress is not null)
            {
                ReportProgress(count);
            }
        }
    }

    private void ReportProgress(TreeCount count)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_started);
        count.StartAfter(elapsed);
        TransferPhase phase = CurrentPhase();
        (long files, long bytes, long done, long total) = (0, 0, 0, 0);
        foreach (TreeWorker worker in _workers)
        {
            TreeCounters counters = worker.Counters;
            files += counters.Files;
            bytes += counters.Transfers.BytesCopied - counters.Transfers.BytesInHoles + counters.BytesInProgress;
            bool isInPhase = phase != TransferPhase.Copying && counters.IsWorking && counters.Phase == phase;
            done += isInPhase ? counters.PhaseDone : 0;
            total += isInPhase ? counters.PhaseTotal : 0;
        }

        _monitor.Progress!(new TreeProgress(files, bytes, count.Files, count.Bytes, elapsed)
        {
            Phase = phase,
            PhaseDone = done,
            PhaseTotal = total,
        });
    }

    /// <summary>Returns copying, unless all workers that have work verify or flush.</summary>
    private TransferPhase CurrentPhase()
    {
        (bool verifies, bool flushes) = (false, false);
        foreach (TreeWorker worker in _workers)
        {
            if (!worker.Counters.IsWorking)
            {
                continue;
            }

            switch (worker.Counters.Phase)
            {
                case TransferPhase.Verifying:
                    verifies = true;
                    break;
                case TransferPhase.Flushing:
                    flushes = true;
                    break;
                default:
                    return TransferPhase.Copying;
            }
        }

        return verifies ? TransferPhase.Verifying : flushes ? TransferPhase.Flushing : TransferPhase.Copying;
    }

    private TransferResult Result()
    {
        var sum = new TreeCounters();
        foreach (TreeWorker worker in _workers)
        {
            sum.Add(worker.Counters);
        }

        bool isComplete = sum is { Failed: 0, Skipped: 0 } && !_context.Request.IsDryRun;
        return new TransferResult
        {
            Source = _context.Copy.Source,
            Destination = _context.Root!.DestinationPath,
            FileCount = sum.Files,
            DirectoryCount = sum.Directories + 1,
            Updated = sum.Updated,
            Unchanged = sum.Unchanged,
            Skipped = sum.Skipped,
            Failed = sum.Failed,
            Flushed = _context.Copy.Flush && isComplete && (sum.Unchanged == 0 || _context.Copy.Update == UpdateMode.Always),
            Verified = _context.Copy.Verify && isComplete && (sum.ContentKept == 0 || _context.Copy.Update == UpdateMode.Content),
            BytesMoved = sum.Transfers.BytesMoved,
            BytesReflinked = sum.Transfers.BytesReflinked,
            BytesInHoles = sum.Transfers.BytesInHoles,
            BytesUnchanged = sum.Transfers.BytesUnchanged,
            Method = sum.Transfers.MainMethod,
            Attempts = [],
            Flags = _context.Copy.Flags,
            SystemCalls = sum.SystemCalls,
            Retries = sum.Transfers.Retries + _context.OpenRetries,
            Elapsed = Stopwatch.GetElapsedTime(_started),
            Warnings = _context.MetadataWarnings.Describe(),
        };
    }
}

/// <summary>Counts a tree while it is copied, so that the progress has a total. Starts when the copy has taken a while, at the
/// lowest priority.</summary>
internal sealed class TreeCount(TreeRequest request) : IDisposable
{
    private const int MaxDepth = 200; // each level has an open handle

    private readonly CancellationTokenSource _stop = new();
    private Thread? _thread;
    private long _files;
    private long _bytes;
    private volatile bool _isDone;

    /// <summary>Number of files; null until all are counted.</summary>
    public long? Files => _isDone ? _files : null;

    /// <summary>The sum of their data; null until all are counted.</summary>
    public long? Bytes => _isDone ? _bytes : null;

    /// <summary>Starts to count if the copy has taken a while.</summary>
    public void StartAfter(TimeSpan elapsed)
    {
        if (_thread is null && elapsed >= Tuning.CountAfter)
        {
            // Where no thread is available, it is retried at the next report.
            _thread = WorkerThread.TryStart(Run);
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _thread?.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        LibC.SetIdlePriority();
        try
        {
            _isDone = TryCount();
        }
        catch (Exception exception) when (exception is TransferException or OperationCanceledException)
        {
            // The progress has no total then.
        }
    }

    private long DataOf(FileStatus file) =>
        request.Copy.Sparse == SparseMode.Never ? file.Size : Math.Min(file.Size, file.AllocatedBytes);

    private bool TryCount()
    {
        foreach (TreeItem item in TreeWalk.Enumerate(
            request.Copy.Source, request.FollowSymlink, item => request.Filter?.Selects(item, request.IncludesAll) != false, cancellation: _stop.Token))
        {
            if (item.Kind == DescriptorKind.Directory)
            {
                if (item.Depth > MaxDepth)
                {
                    return false;
                }
            }
            else
            {
                _files++;

                // What has no status, or is gone by now, is not copied either.
                _bytes += item.Found is { Kind: DescriptorKind.Regular } file ? DataOf(file) : 0;
            }
        }

        return true;
    }
}
