using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Splice.Errors;

namespace Splice.Copying.Trees;

/// <summary>The threads that copy a tree, and the one that started them: that one alone hears of results and errors.</summary>
internal sealed class TreeCrew
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(200);

    private readonly TreeJob _job;
    private readonly TreeMonitor _monitor;
    private readonly TreeWorker[] _workers;
    private readonly long _started = Stopwatch.GetTimestamp();
    private int _atWork;
    private ExceptionDispatchInfo? _fault;

    public TreeCrew(TreeJob job, int threads, TreeMonitor monitor)
    {
        _job = job;
        _monitor = monitor;
        _workers = [.. Enumerable.Range(0, threads).Select(_ => new TreeWorker(job))];
        _atWork = threads;
    }

    /// <summary>Copies the tree.</summary>
    /// <returns>The sums.</returns>
    public TransferResult Run()
    {
        List<Thread> threads = [];
        try
        {
            Start(threads);
            TransferJournal.Current?.Note($"{_job.Copy.Source}: its files are copied {(threads.Count == 1 ? "one after the other" : $"by {threads.Count} threads at once")}");
            Listen();
        }
        finally
        {
            // Also when whoever listens has had enough: then nobody takes the reports any more.
            _job.Stop();
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
                $"Copying '{result.Source}' to '{result.Destination}' was stopped after {result.FileCount} {(result.FileCount == 1 ? "file" : "files")} and {ByteText.Of(result.BytesCopied)}.",
                "Start it again.",
                Errno.ECANCELED, result.Destination)
            {
                Partial = result,
            };
    }

    /// <summary>Starts as many workers as the system lets us have.</summary>
    private void Start(List<Thread> threads)
    {
        foreach (TreeWorker worker in _workers)
        {
            var thread = new Thread(() => Work(worker)) { IsBackground = true, Name = "Splice" };
            try
            {
                thread.Start();
                threads.Add(thread);
            }
            catch (OutOfMemoryException)
            {
                // pthread_create(3), EAGAIN: the user's threads are limited (ulimit -u). The others do it all.
                _job.Slices.Leave();
                Leave();
            }
        }

        if (threads.Count == 0)
        {
            throw TreeErrors.NoThreads(_job.Copy.Source);
        }
    }

    private void Work(TreeWorker worker)
    {
        try
        {
            worker.Run();
        }
        catch (OperationCanceledException)
        {
            _job.Stop();
        }
        catch (TransferException exception) when (exception.Id == TransferErrorId.Cancelled)
        {
            _job.Stop();
        }
        catch (Exception exception)
        {
            // A fault of ours: it is thrown again on the thread that started the copy.
            _fault = ExceptionDispatchInfo.Capture(exception);
            _job.Stop();
        }
        finally
        {
            Leave();
        }
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _atWork) == 0)
        {
            _job.Reports.CompleteAdding();
        }
    }

    /// <summary>Hands on what the workers report, until the last one has gone home.</summary>
    private void Listen()
    {
        using var count = new TreeCount(_job.Request);
        while (!_job.Reports.IsCompleted)
        {
            if (_job.Reports.TryTake(out object? report, ReportInterval))
            {
                Tell(report);
            }

            if (_monitor.Progress is not null)
            {
                TellProgress(count);
            }
        }
    }

    private void Tell(object report)
    {
        switch (report)
        {
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

    private void TellProgress(TreeCount count)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_started);
        long files = 0;
        long bytes = 0;
        foreach (TreeWorker worker in _workers)
        {
            files += worker.Sums.Files;
            bytes += worker.Sums.BytesCopied + worker.Sums.BytesUnderWay;
        }

        count.StartAfter(elapsed);
        _monitor.Progress!(new TreeProgress(files, bytes, count.Files, count.Bytes, elapsed));
    }

    private TransferResult Result()
    {
        var sums = new TreeSums();
        foreach (TreeWorker worker in _workers)
        {
            sums.Add(worker.Sums);
        }

        return new TransferResult
        {
            Source = _job.Copy.Source,
            Destination = _job.Root!.DestinationPath,
            FileCount = sums.Files,
            DirectoryCount = sums.Folders + 1,
            Unchanged = sums.Unchanged,
            Failed = sums.Failed,
            Flushed = _job.Copy.Flush && sums.Failed == 0,
            Verified = _job.Copy.Verify && sums.Failed == 0,
            BytesMoved = sums.BytesMoved,
            BytesReflinked = sums.BytesReflinked,
            BytesInHoles = sums.BytesInHoles,
            Method = sums.MainMethod,
            Attempts = [],
            Flags = _job.Copy.Flags,
            SystemCalls = sums.SystemCalls,
            Retries = sums.Retries + _job.OpenRetries,
            Elapsed = Stopwatch.GetElapsedTime(_started),
            Warnings = _job.Losses.Describe(),
        };
    }
}
