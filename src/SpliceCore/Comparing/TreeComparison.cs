using System.Collections.Concurrent;
using System.Diagnostics;
using Splice.Copying.Trees;
using Splice.Descriptors;

namespace Splice.Comparing;

/// <summary>Compares two trees: this thread walks both and reports the results in the order of the paths, others compare the
/// entries.</summary>
internal sealed class TreeComparison
{
    private readonly ComparisonRequest _request;
    private readonly ComparisonMonitor _monitor;
    private readonly CancellationTokenSource _stop;
    private readonly BlockingCollection<ComparedEntry> _work = [];
    private readonly Queue<ComparedEntry> _inOrder = new();
    private readonly List<Thread> _workers = [];
    private readonly Stack<PairedDirectory> _path = new();
    private readonly HardLinkGroups _links = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private int _threads;
    private long _compared;
    private long _differences;
    private long _failed;
    private long _bytesRead;
    private long _bytesShared;
    private long _bytesInHoles;
    private volatile bool _hasDifference;

    public TreeComparison(ComparisonRequest request, ComparisonMonitor monitor)
    {
        _request = request;
        _monitor = monitor;
        _threads = request.Threads;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(monitor.Cancellation);
    }

    private bool IsDone => _request.StopAtDifference && (_hasDifference || _differences + _failed > 0);

    public ComparisonSummary Run()
    {
        using var count = new TreeCount(new TreeRequest
        {
            Copy = new CopyRequest { Source = _request.ReferencePath, Destination = _request.DifferencePath },
            Filter = _request.Filter,
            IncludesAll = _request.IncludesAll,
        });
        try
        {
            var root = PairedDirectory.OpenRoot(_request);
            _path.Push(root);
            if (_request.ComparesFolders)
            {
                Add(new PairedEntry(".", DescriptorKind.Directory, DescriptorKind.Directory), root);
            }

            while (!IsDone && _path.TryPeek(out PairedDirectory? directory))
            {
                _monitor.Cancellation.ThrowIfCancellationRequested();
                if (directory.TryTake(out PairedEntry entry))
                {
                    Visit(entry, directory);
                }
                else
                {
                    Leave();
                }

                Drain(Tuning.ComparedAhead, count);
            }

            Drain(most: 0, count);
            // A file with several names is not in the queue any more.
            if (IsDone && _differences + _failed == 0 && _inOrder.FirstOrDefault(entry => entry.IsDone && entry.IsDifferent) is { } found)
            {
                Report(found);
            }

            foreach (ComparisonResult result in _links.Complete())
            {
                Report(result);
            }
        }
        finally
        {
            Stop();
        }

        ComparisonNotes.Note(_request, _bytesRead, _bytesShared, _bytesInHoles);
        return new ComparisonSummary(_compared, _differences, _failed);
    }

    private void Visit(PairedEntry entry, PairedDirectory directory)
    {
        try
        {
            entry = directory.Select(directory.FindKinds(entry));
            if (directory.Compares(entry))
            {
                Add(entry, directory);
            }

            if (entry.HasDirectory)
            {
                PairedDirectory inside = directory.Enter(entry);
                _path.Push(inside);
                if (_path.Count > Tuning.IdleDirectories)
                {
                    _path.ElementAt(Tuning.IdleDirectories).Close();
                }
            }
        }
        catch (TransferException exception)
        {
            _inOrder.Enqueue(new ComparedEntry(exception));
        }
    }

    /// <summary>Returns to the directory above, which is reached through the one that is left.</summary>
    private void Leave()
    {
        PairedDirectory left = _path.Pop();
        try
        {
            if (_path.TryPeek(out PairedDirectory? above))
            {
                above.Reopen(left);
            }
        }
        catch (TransferException exception)
        {
            // The rest of it cannot be reached any more, nor what is above it.
            _inOrder.Enqueue(new ComparedEntry(exception));
            while (_path.TryPop(out PairedDirectory? lost))
            {
                lost.Close();
            }
        }
        finally
        {
            left.Close();
        }
    }

    /// <summary>Folders in both trees have nothing to compare but their metadata.</summary>
    private void Add(PairedEntry entry, PairedDirectory directory)
    {
        const ComparedProperties OfFiles = ComparedProperties.Content | ComparedProperties.Size | ComparedProperties.HardLink;
        if (entry is { Reference: DescriptorKind.Directory, Difference: DescriptorKind.Directory }
            && !_request.IncludeEqual && (_request.Properties & ~OfFiles) == 0)
        {
            return;
        }

        var compared = new ComparedEntry(_request, entry, directory, _stop.Token);
        _inOrder.Enqueue(compared);
        _work.Add(compared);
        if (_workers.Count < _threads && _work.Count > _workers.Count)
        {
            StartWorker();
        }

        if (_workers.Count == 0 && _work.TryTake(out ComparedEntry? next))
        {
            Compare(next);
        }
    }

    private void StartWorker()
    {
        if (WorkerThread.TryStart(Work) is { } worker)
        {
            _workers.Add(worker);
        }
        else
        {
            // The others do all the work, or this one.
            _threads = _workers.Count;
        }
    }

    private void Work()
    {
        foreach (ComparedEntry entry in _work.GetConsumingEnumerable())
        {
            Compare(entry);
        }
    }

    private void Compare(ComparedEntry entry)
    {
        entry.Run();
        _hasDifference |= entry.IsDifferent;
    }

    /// <summary>Reports results until only so many wait, or half of them once it has to wait: waking a thread for each would cost more
    /// than comparing a small file.</summary>
    private void Drain(int most, TreeCount count)
    {
        if (_inOrder.Count <= most)
        {
            return;
        }

        while (_inOrder.Count > most / 2 && !IsDone)
        {
            ComparedEntry entry = _inOrder.Peek();
            if (!entry.Wait(Tuning.ReportInterval))
            {
                _monitor.Cancellation.ThrowIfCancellationRequested();
                ReportProgress(entry, count);
                continue;
            }

            _inOrder.Dequeue();
            Report(entry);
            ReportProgress(null, count);
        }
    }

    private void Report(ComparedEntry entry)
    {
        _compared++;
        _bytesRead += entry.Content?.BytesRead ?? 0;
        _bytesShared += entry.Content?.BytesShared ?? 0;
        _bytesInHoles += entry.Content?.BytesInHoles ?? 0;
        if (entry.FindError() is { } error)
        {
            _failed++;
            _monitor.Failed?.Invoke(error);
        }
        else if (entry.Result is { } result && !(_request.Properties.HasFlag(ComparedProperties.HardLink) && _links.TryAdd(entry)))
        {
            Report(result);
        }
    }

    private void Report(ComparisonResult result)
    {
        _differences += result.Equal ? 0 : 1;
        if (!result.Equal || _request.IncludeEqual)
        {
            _monitor.Compared?.Invoke(result);
        }
    }

    private void ReportProgress(ComparedEntry? current, TreeCount count)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_started);
        count.StartAfter(elapsed);
        long bytes = _bytesRead + _bytesShared + _bytesInHoles + (current?.Content?.BytesDone ?? 0);
        _monitor.TreeProgress?.Invoke(new TreeProgress(_compared, bytes, count.Files, count.Bytes, elapsed));
    }

    private void Stop()
    {
        _stop.Cancel();
        _work.CompleteAdding();
        _workers.ForEach(worker => worker.Join());
        while (_path.TryPop(out PairedDirectory? directory))
        {
            directory.Close();
        }

        _work.Dispose();
        _stop.Dispose();
    }
}
