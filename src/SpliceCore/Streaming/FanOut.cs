using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming;

/// <summary>One source, many destinations. The source is read once, into a pipe; what is in it is given to every
/// destination's own pipe, and goes on from there as each takes it. One thread does it all, and sleeps only in poll(2).</summary>
internal sealed class FanOut : IDisposable
{
    private readonly Descriptor _source;
    private readonly TransferSpec _spec;
    private readonly TransferMonitor _monitor;
    private readonly bool _stopsOnError;
    private readonly NonBlockingScope _mode;
    private readonly KernelPipe _pipe;
    private readonly PieceDistribution _piece;
    private readonly List<Outlet> _outlets = [];
    private readonly PollSet _poll;
    private readonly Inlet _inlet;
    private readonly RefillPause _refill = new();
    private TransferException? _sourceFailure;
    private Deadline? _sourceDeadline;

    public FanOut(
        Descriptor source, IReadOnlyList<StreamDestination> destinations, TransferSpec spec, TransferMonitor monitor, bool stopsOnError)
    {
        _source = source;
        _spec = spec;
        _monitor = monitor;
        _stopsOnError = stopsOnError;
        int size = spec.PipeSize ?? MethodLadder.DefaultPipeSize;
        var made = new Stack<IDisposable>();
        try
        {
            made.Push(_mode = new NonBlockingScope(source));
            made.Push(_pipe = KernelPipe.Create(size));
            made.Push(_piece = new PieceDistribution(_pipe));
            foreach (StreamDestination destination in destinations)
            {
                _outlets.Add(new Outlet(destination, source, spec, size, monitor.Cancellation));
                made.Push(_outlets[^1]);
            }

            // Users get less when they hold many pipes, and a piece must fit into the smallest.
            _pipe.Resize(_outlets.Min(outlet => outlet.Pipe.Capacity));
            TransferJournal.Current?.Note(
                $"{source.Name}: is read once for {_outlets.Count} destinations, in pieces of up to {_pipe.Capacity} bytes, the size of each one's pipe");
            made.Push(_poll = new PollSet(monitor.Cancellation));
            _inlet = new Inlet(source, _pipe, spec, monitor.Cancellation);
        }
        catch
        {
            DisposeAll(made);
            throw;
        }
    }

    public IReadOnlyList<Outlet> Outlets => _outlets;

    private IEnumerable<Outlet> Live => _outlets.Where(outlet => outlet.IsLive);

    private bool IsSourceWanted => _piece.Length == 0 && _inlet.End is null && _sourceFailure is null;

    /// <summary>Moves the bytes until every destination has its outcome.</summary>
    public void Run()
    {
        FileSizeSignal.Handle();
        try
        {
            while (Live.Any())
            {
                _monitor.Cancellation.ThrowIfCancellationRequested();
                if (Deliver() | Fill())
                {
                    _monitor.Progress?.Invoke(new TransferProgress(_inlet.BytesGiven, _spec.Length, _inlet.Elapsed));
                }
                else if (Live.Any())
                {
                    Wait();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // What has left the source goes where it still can.
            while (Deliver())
            {
            }

            FailAll(outlet => TransferFailures.Stopped(_source.Name, outlet.Descriptor.Name, outlet.BytesCopied));
        }
        catch (TransferException exception)
        {
            // The pipe in the middle is nobody's, and without it nobody gets anything.
            FailAll(outlet => exception.Adding($"'{outlet.Descriptor.Name}' got {ByteText.Of(outlet.BytesCopied)}."));
        }
    }

    public void Dispose()
    {
        _inlet.Dispose();
        _poll.Dispose();
        DisposeAll(_outlets);
        _piece.Dispose();
        _pipe.Dispose();
        _mode.Dispose();
    }

    private static void DisposeAll(IEnumerable<IDisposable> items)
    {
        foreach (IDisposable item in items)
        {
            item.Dispose();
        }
    }

    /// <summary>Writes what is pending, and gives the piece to those who have nothing pending.</summary>
    private bool Deliver()
    {
        bool moved = false;
        foreach (Outlet outlet in Live.ToArray())
        {
            moved |= Try(outlet, () => outlet.Drain());
            if (outlet.IsLive && outlet.BytesPending == 0 && outlet.PieceGiven < _piece.Length)
            {
                bool isLast = Live.All(other => other == outlet || other.PieceGiven == _piece.Length);
                moved |= _piece.Give(outlet, isLast) && Try(outlet, () => outlet.Drain() | true);
            }
        }

        if (_piece.Length > 0 && Live.All(outlet => outlet.PieceGiven == _piece.Length))
        {
            _piece.End();
            _outlets.ForEach(outlet => outlet.PieceGiven = 0);
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

        try
        {
            long bytes = _inlet.Fill();
            if (bytes > 0)
            {
                _piece.Begin(bytes);
                _sourceDeadline = null;
            }

            return bytes > 0 || _inlet.End is not null;
        }
        catch (TransferException exception)
        {
            // What it gave before still goes on.
            _sourceFailure = exception;
            return true;
        }
        catch (ObjectDisposedException)
        {
            _sourceFailure = HandleCheck.Closed(_source, _outlets[0].Descriptor);
            return true;
        }
    }

    /// <summary>Ends the outlets that have everything.</summary>
    private bool Complete()
    {
        bool isOver = _piece.Length == 0 && (_inlet.End is not null || _sourceFailure is not null);
        bool ended = false;
        foreach (Outlet outlet in isOver ? Live.Where(outlet => outlet.BytesPending == 0).ToArray() : [])
        {
            Try(outlet, () =>
            {
                if (_sourceFailure is not null)
                {
                    throw _sourceFailure.Adding($"'{outlet.Descriptor.Name}' got {ByteText.Of(outlet.BytesCopied)}.");
                }

                outlet.Complete(_inlet.End!.Value, _inlet, _piece.Attempts);
                return true;
            });
            ended = true;
        }

        return ended;
    }

    /// <summary>Sleeps until something can go on. Destinations that have everything so far are watched meanwhile.</summary>
    private void Wait()
    {
        _poll.Clear();
        Deadline deadline = default;
        int? source = null;
        var waiting = new List<(Outlet Outlet, int Index)>();
        if (IsSourceWanted)
        {
            _sourceDeadline ??= new Deadline(_spec.IdleTimeout);
            deadline = _sourceDeadline.Value;
            source = _poll.Add(_source.Handle, PollEvents.In);
        }

        foreach (Outlet outlet in Live.ToArray())
        {
            Try(outlet, () =>
            {
                if (outlet.BytesPending > 0)
                {
                    waiting.Add((outlet, _poll.Add(outlet.Descriptor.Handle, PollEvents.Out)));
                    deadline = deadline.Earlier(outlet.Deadline);
                }
                else if (outlet.PieceGiven < _piece.Length)
                {
                    _poll.Add(outlet.Pipe.WriteEnd, PollEvents.Out);
                }
                else if (outlet.Descriptor.CanBlock)
                {
                    waiting.Add((outlet, _poll.Add(outlet.Descriptor.Handle, PollEvents.None)));
                }

                return true;
            });
        }

        // The last one may have been closed by its owner just now: nobody is left to wait for.
        if (!Live.Any())
        {
            return;
        }

        _poll.Wait(deadline);
        LetReadersMakeRoom();
        bool isSilent = source is int index && _poll[index] == PollEvents.None;
        foreach ((Outlet outlet, int at) in waiting)
        {
            if (outlet.IsLive && outlet.BytesPending == 0 && _poll[at] != PollEvents.None)
            {
                Fail(outlet, TransferFailures.ReaderGone(_source.Name, outlet.Descriptor.Name, outlet.BytesCopied));
            }
            else if (outlet.IsLive && outlet.BytesPending > 0 && _poll[at] == PollEvents.None && outlet.Deadline.IsOver)
            {
                Fail(outlet, TransferFailures.Idle(TransferSide.Destination, outlet.Descriptor.Name, _spec.IdleTimeout!.Value, outlet.BytesCopied));
            }
        }

        if (isSilent && _sourceDeadline!.Value.IsOver)
        {
            _sourceFailure = TransferFailures.Idle(TransferSide.Source, _source.Name, _spec.IdleTimeout!.Value, _inlet.BytesGiven);
        }
    }

    /// <summary>Where all that is waited for are pipes.</summary>
    private void LetReadersMakeRoom()
    {
        Outlet[] full = [.. Live.Where(outlet => outlet.BytesPending > 0)];
        if (_source.Kind == DescriptorKind.Regular && full.Length > 0
            && Array.TrueForAll(full, outlet => outlet.Descriptor.Kind == DescriptorKind.Fifo))
        {
            _refill.Observe(full.Max(outlet => outlet.PartSinceWait));
            _outlets.ForEach(outlet => outlet.WaitBegins());
            _refill.Wait();
        }
    }

    /// <summary>Does something for an outlet. What goes wrong is its own error, and the others go on.</summary>
    private bool Try(Outlet outlet, Func<bool> action)
    {
        try
        {
            return action();
        }
        catch (TransferException exception)
        {
            Fail(outlet, exception);
        }
        catch (ObjectDisposedException)
        {
            Fail(outlet, HandleCheck.Closed(_source, outlet.Descriptor));
        }

        return true;
    }

    private void Fail(Outlet outlet, TransferException exception)
    {
        outlet.Fail(exception, _inlet, _piece.Attempts);
        if (_stopsOnError)
        {
            FailAll(other => TransferFailures.StoppedWithOthers(_source.Name, other.Descriptor.Name, other.BytesCopied));
        }
    }

    private void FailAll(Func<Outlet, TransferException> why)
    {
        foreach (Outlet outlet in Live.ToArray())
        {
            outlet.Fail(why(outlet), _inlet, _piece.Attempts);
        }
    }
}
