using System.Diagnostics;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming;

/// <summary>Copies one source to many destinations. The source is read once, into a pipe; each chunk in it is duplicated to the
/// pipe of every destination, which drains at its own speed. One thread does it all, and blocks only in poll(2).</summary>
internal sealed class FanOut : IDisposable
{
    private readonly Descriptor _source;
    private readonly TransferSpec _spec;
    private readonly TransferMonitor _monitor;
    private readonly bool _stopsOnError;
    private readonly SplicePipe _pipe;
    private readonly TeeFanOut _tee;
    private readonly List<DestinationPump> _pumps = [];
    private readonly Poller _poll;
    private readonly SourcePump _input;
    private readonly Stack<IDisposable> _opened = new();
    private TransferException? _sourceFailure;
    private Deadline? _sourceDeadline;

    public FanOut(
        Descriptor source, IEnumerable<StreamDestination> destinations, TransferSpec spec, TransferMonitor monitor, bool stopsOnError)
    {
        _source = source;
        _spec = spec;
        _monitor = monitor;
        _stopsOnError = stopsOnError;
        int size = spec.PipeSize ?? Tuning.PipeSize;
        try
        {
            _opened.Push(new NonBlockingScope(source));
            _opened.Push(_pipe = SplicePipe.CreateNonBlocking(size));
            _opened.Push(_tee = new TeeFanOut(_pipe));
            foreach (StreamDestination destination in destinations)
            {
                _pumps.Add(new DestinationPump(destination, source, spec, size));
                _opened.Push(_pumps[^1]);
            }

            // Users get less when they hold many pipes, and a chunk must fit into the smallest.
            _pipe.Resize(_pumps.Min(pump => pump.Pipe.Capacity));
            TransferTrace.Current?.Note(
                $"{source.Name}: is read once for {_pumps.Count} destinations, in chunks of up to {ByteText.Of(_pipe.Capacity)}, the capacity of each pipe");
            _opened.Push(_poll = new Poller(monitor.Cancellation));
            _opened.Push(_input = new SourcePump(source, _pipe, spec, monitor.Cancellation));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyList<DestinationPump> Pumps => _pumps;

    private IEnumerable<DestinationPump> Live => _pumps.Where(pump => pump.IsLive);

    private bool IsSourceWanted => _tee.Length == 0 && _input.End is null && _sourceFailure is null;

    /// <summary>Moves the bytes until every destination has its outcome.</summary>
    public void Run()
    {
        SigXfsz.Suppress();
        try
        {
            while (Live.Any())
            {
                _monitor.Cancellation.ThrowIfCancellationRequested();
                if (Deliver() | Fill())
                {
                    _monitor.Progress?.Invoke(new TransferProgress(_input.Counters.BytesCopied, _spec.Length, _input.Counters.Elapsed));
                }
                else if (Live.Any())
                {
                    Wait();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The bytes that were read are still written, where that is possible.
            while (Deliver())
            {
            }

            FailAll(pump => TransferFailures.Stopped(_source.Name, pump.Descriptor.Name, pump.BytesCopied));
        }
        catch (TransferException exception)
        {
            FailAll(pump => WithReceived(exception, pump));
        }
    }

    public void Dispose()
    {
        while (_opened.TryPop(out IDisposable? opened))
        {
            opened.Dispose();
        }
    }

    /// <summary>Writes what is pending, and gives the chunk to the destinations that have nothing pending.</summary>
    private bool Deliver()
    {
        bool moved = false;
        foreach (DestinationPump pump in Live)
        {
            moved |= Try(pump, static pump => pump.Drain());
            if (pump.IsLive && pump.BytesPending == 0 && pump.ChunkReceived < _tee.Length)
            {
                bool isLast = Live.All(other => other == pump || other.ChunkReceived == _tee.Length);
                moved |= _tee.Feed(pump, isLast) && Try(pump, static pump => pump.Drain() | true);
            }
        }

        if (_tee.Length > 0 && Live.All(pump => pump.ChunkReceived == _tee.Length))
        {
            _tee.End();
            _pumps.ForEach(pump => pump.ChunkReceived = 0);
            moved = true;
        }

        return moved | Complete();
    }

    private bool Fill()
    {
        if (!IsSourceWanted || !Live.Any())
        {
            return false;
        }

        return TrySource(() =>
        {
            long bytes = _input.Fill();
            if (bytes > 0)
            {
                _tee.Begin(bytes);
                _sourceDeadline = null;
            }

            return bytes > 0 || _input.End is not null;
        });
    }

    /// <summary>Ends the pumps of the destinations that have all bytes.</summary>
    private bool Complete()
    {
        bool isOver = _tee.Length == 0 && (_input.End is not null || _sourceFailure is not null);
        bool ended = false;
        foreach (DestinationPump pump in Live.Where(pump => isOver && pump.BytesPending == 0))
        {
            ended = Try(pump, pump =>
            {
                if (_sourceFailure is not null)
                {
                    throw WithReceived(_sourceFailure, pump);
                }

                pump.Complete(_input, _tee.Attempts);
                return true;
            });
        }

        return ended;
    }

    /// <summary>Waits until a descriptor is ready. Destinations that have all bytes so far are watched for a closed reader.</summary>
    private void Wait()
    {
        _poll.Clear();
        Deadline deadline = default;
        int? source = null;
        var waiting = new List<(DestinationPump Pump, int Index)>();
        if (IsSourceWanted)
        {
            _sourceDeadline ??= new Deadline(_spec.IdleTimeout);
            deadline = _sourceDeadline.Value;
            bool isClosed = TrySource(() =>
            {
                source = _poll.Add(_source.Handle, PollEvents.In);
                return false;
            });
            if (isClosed)
            {
                return;
            }
        }

        List<DestinationPump> slow = HoldingUp();
        slow.ForEach(pump => deadline = deadline.Earlier(new Deadline(pump.Floor!.TimeLeft)));
        foreach (DestinationPump pump in Live)
        {
            Try(pump, pump =>
            {
                if (pump.BytesPending > 0)
                {
                    waiting.Add((pump, _poll.Add(pump.Descriptor.Handle, PollEvents.Out)));
                    deadline = deadline.Earlier(pump.Deadline);
                }
                else if (pump.ChunkReceived < _tee.Length)
                {
                    _poll.Add(pump.Pipe.WriteEnd, PollEvents.Out);
                }
                else if (pump.Descriptor.CanBlock)
                {
                    waiting.Add((pump, _poll.Add(pump.Descriptor.Handle, PollEvents.None)));
                }

                return true;
            });
        }

        // The owner may just have closed the last one.
        if (!Live.Any())
        {
            return;
        }

        long started = Stopwatch.GetTimestamp();
        _poll.Wait(deadline);
        DropIfTooSlow(slow, Stopwatch.GetElapsedTime(started));
        bool isSilent = source is int index && _poll[index] == PollEvents.None;
        foreach ((DestinationPump pump, int at) in waiting.Where(one => one.Pump.IsLive))
        {
            if (pump.BytesPending == 0 && _poll[at] != PollEvents.None)
            {
                Fail(pump, TransferFailures.ReaderGone(_source.Name, pump.Descriptor.Name, pump.BytesCopied));
            }
            else if (pump.BytesPending > 0 && _poll[at] == PollEvents.None && pump.Deadline.IsOver)
            {
                Fail(pump, TransferFailures.Idle(TransferSide.Destination, pump.Descriptor.Name, _spec.IdleTimeout!.Value, pump.BytesCopied));
            }
        }

        if (isSilent && _sourceDeadline!.Value.IsOver)
        {
            _sourceFailure = TransferFailures.Idle(TransferSide.Source, _source.Name, _spec.IdleTimeout!.Value, _input.Counters.BytesCopied);
        }
    }

    /// <summary>Returns the destinations with a lowest rate that do not have the chunk, while one of the others waits for the next.</summary>
    private List<DestinationPump> HoldingUp() =>
        Live.Any(pump => pump.Floor is not null && pump.BytesPending == 0 && pump.ChunkReceived == _tee.Length)
            ? [.. Live.Where(pump => pump.Floor is not null && pump.ChunkReceived < _tee.Length)]
            : [];

    private void DropIfTooSlow(List<DestinationPump> slow, TimeSpan waited)
    {
        foreach (DestinationPump pump in slow.Where(pump => pump.Floor!.IsMissed(waited, pump.BytesCopied)))
        {
            Fail(pump, TransferFailures.TooSlow(pump.Descriptor.Name, pump.Floor!.BytesPerSecond, pump.BytesCopied));
        }
    }

    private static TransferException WithReceived(TransferException exception, DestinationPump pump) =>
        exception.Adding($"'{pump.Descriptor.Name}' received {ByteText.Of(pump.BytesCopied)}.");

    /// <summary>Runs an action on the source. The bytes before a failure are still delivered.</summary>
    /// <returns>The result of the action; true if it failed.</returns>
    private bool TrySource(Func<bool> action)
    {
        try
        {
            return action();
        }
        catch (TransferException exception)
        {
            _sourceFailure = exception;
        }
        catch (ObjectDisposedException)
        {
            _sourceFailure = HandleCheck.Closed(_source, _pumps[0].Descriptor);
        }

        return true;
    }

    /// <summary>Runs an action for a destination. A failure is that destination's error, and the others continue.</summary>
    private bool Try(DestinationPump pump, Func<DestinationPump, bool> action)
    {
        try
        {
            return action(pump);
        }
        catch (TransferException exception)
        {
            Fail(pump, exception);
        }
        catch (ObjectDisposedException)
        {
            Fail(pump, HandleCheck.Closed(_source, pump.Descriptor));
        }

        return true;
    }

    private void Fail(DestinationPump pump, TransferException exception)
    {
        pump.Fail(exception, _input, _tee.Attempts);
        if (_stopsOnError)
        {
            FailAll(other => TransferFailures.StoppedWithOthers(_source.Name, other.Descriptor.Name, other.BytesCopied));
        }
    }

    private void FailAll(Func<DestinationPump, TransferException> why)
    {
        foreach (DestinationPump pump in Live)
        {
            pump.Fail(why(pump), _input, _tee.Attempts);
        }
    }
}
