using Splice.Descriptors;
using Splice.Transfer;

namespace Splice.Streaming;

/// <summary>The destinations of one stream, from opening to outcome.</summary>
internal sealed class DestinationSet : IDisposable
{
    private readonly StreamRequest _request;
    private readonly StreamSource _source;
    private readonly TransferSpec _spec;
    private readonly StreamDestination?[] _opened;
    private readonly StreamOutcome?[] _outcomes;
    private readonly long[] _arrived;

    /// <summary>Opens all destinations. One that cannot be opened has its outcome.</summary>
    public DestinationSet(
        StreamRequest request, StreamSource source, TransferSpec spec, IdleWait wait, CancellationToken cancellation)
    {
        _request = request;
        _source = source;
        _spec = spec;
        _opened = new StreamDestination?[request.Destinations.Count];
        _outcomes = new StreamOutcome?[request.Destinations.Count];
        _arrived = new long[request.Destinations.Count];
        try
        {
            var known = new HashSet<object>();
            for (int i = 0; i < _opened.Length && !IsStopped; i++)
            {
                TryOpen(i, known, wait, cancellation);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private bool IsStopped => _request.StopsOnError && Array.Exists(_outcomes, outcome => outcome?.Error is not null);

    /// <summary>Moves the bytes to the open destinations.</summary>
    /// <returns>The outcome of each destination, in their order.</returns>
    public IReadOnlyList<StreamOutcome> Run(TransferMonitor monitor, TransferCounters counters)
    {
        int[] ready = IsStopped ? [] : [.. Enumerable.Range(0, _opened.Length).Where(i => _outcomes[i] is null)];
        try
        {
            if (ready is [int only])
            {
                RunSingle(only, monitor, counters);
            }
            else if (ready.Length > 1)
            {
                RunMany(ready, monitor);
            }
        }
        finally
        {
            AdvancePositions();
        }

        return [.. _outcomes.Select((outcome, i) => outcome ?? Untouched(i))];
    }

    public void Dispose()
    {
        foreach (StreamDestination? destination in _opened)
        {
            destination?.Dispose();
        }
    }

    private void TryOpen(int index, HashSet<object> known, IdleWait wait, CancellationToken cancellation)
    {
        try
        {
            var destination = StreamDestination.Open(_request.Destinations[index], _source, wait, cancellation);
            _opened[index] = destination;
            Descriptor source = _source.Descriptor;
            RangeCheck.Destination(destination.Descriptor, offset: null, destination.Start, _spec.Length);
            RangeCheck.ThrowIfOverlapping(source, _spec.Offset, destination.Descriptor, destination.Start, _spec.Length);
            if (destination.IsOfOneStream && !known.Add(destination.Identity))
            {
                throw new TransferException(TransferErrorId.SameFile,
                    $"'{destination.Descriptor.Name}' is specified twice as a destination: the bytes would mix.",
                    "Specify it once.",
                    target: destination.Descriptor.Name);
            }
        }
        catch (TransferException exception)
        {
            _outcomes[index] = new StreamOutcome(null, exception);
        }
    }

    private void RunSingle(int index, TransferMonitor monitor, TransferCounters counters)
    {
        StreamDestination destination = _opened[index]!;
        TransferSpec spec = SpecFor(destination.Descriptor.Kind) with { DestinationOffset = destination.Start };
        TransferRun? run = null;
        try
        {
            run = new TransferRun(_source.Descriptor, destination.Descriptor, spec, monitor, counters);
            run.Run();
            destination.Complete();
            _outcomes[index] = new StreamOutcome(run.Result() with { Warnings = destination.Warnings }, null);
        }
        catch (TransferException exception)
        {
            exception.Partial ??= run?.Result();
            _outcomes[index] = new StreamOutcome(null, exception);
        }
        catch (ObjectDisposedException)
        {
            TransferException closed = HandleCheck.Closed(_source.Descriptor, destination.Descriptor);
            closed.Partial = run?.Result();
            _outcomes[index] = new StreamOutcome(null, closed);
        }
        finally
        {
            _arrived[index] = counters.BytesCopied;
            run?.Dispose();
        }
    }

    private void RunMany(int[] ready, TransferMonitor monitor)
    {
        using var fanOut = new FanOut(
            _source.Descriptor, [.. ready.Select(i => _opened[i]!)], SpecFor(DescriptorKind.Fifo), monitor, _request.StopsOnError);
        try
        {
            fanOut.Run();
        }
        finally
        {
            for (int i = 0; i < ready.Length; i++)
            {
                _outcomes[ready[i]] = fanOut.Pumps[i].Outcome;
                _arrived[ready[i]] = fanOut.Pumps[i].BytesCopied;
            }
        }
    }

    /// <summary>Only pipes and sockets may hold references to pages of the source.</summary>
    private TransferSpec SpecFor(DescriptorKind destination)
    {
        bool keepsReferences = destination is DescriptorKind.Fifo or DescriptorKind.Socket;
        return keepsReferences && _request.Consistency == StreamConsistency.Copy
            ? _spec with { Method = TransferMethod.ReadWrite }
            : _spec;
    }

    /// <summary>Transfers use offsets of their own. The source's advances by the most that a destination has.</summary>
    private void AdvancePositions()
    {
        _source.Descriptor.AdvancePosition(_request.Offset.HasValue ? 0 : _arrived.Max());
        for (int i = 0; i < _opened.Length; i++)
        {
            _opened[i]?.AdvancePosition(_arrived[i]);
        }
    }

    private StreamOutcome Untouched(int index)
    {
        string name = _opened[index]?.Descriptor.Name ?? _request.Destinations[index].Name ?? "the destination";
        return new StreamOutcome(null, TransferFailures.StoppedWithOthers(_source.Descriptor.Name, name, arrived: 0));
    }
}

/// <summary>Opens a FIFO, which waits for its other end, within the idle timeout.</summary>
internal sealed class IdleWait(TimeSpan? timeout, CancellationToken cancellation)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue); // of a timer

    public T For<T>(TransferSide side, string name, Func<CancellationToken, T> open)
    {
        if (timeout is not TimeSpan time || time > Longest)
        {
            return open(cancellation);
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        either.CancelAfter(time);
        try
        {
            return open(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw TransferFailures.Idle(side, name, time, arrived: 0);
        }
    }
}
