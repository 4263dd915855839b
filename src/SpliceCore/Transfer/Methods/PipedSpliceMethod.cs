using System.Diagnostics;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>splice(2) through a pipe of our own: where neither side is one, and from a file into a large one. The pipe is drained
/// before it is filled.</summary>
/// <param name="source">The source.</param>
/// <param name="destination">The destination.</param>
/// <param name="flags">For every call.</param>
/// <param name="pipeSize">The pipe's bytes; null for what is best.</param>
/// <param name="smallest">A pipe of fewer bytes is none at all: another method takes less time.</param>
internal sealed class PipedSpliceMethod(
    Descriptor source, Descriptor destination, SpliceFlags flags, int? pipeSize, int smallest)
    : ITransferMethod
{
    /// <summary>A file takes what is in the pipe as one write, and no piece should be larger than those that are written.</summary>
    public const int Piece = ReadWriteMethod.BufferSize;

    private readonly int _piece = pipeSize is null && destination.Kind == DescriptorKind.Regular ? Piece : int.MaxValue;
    private readonly SpliceFlags _drainFlags = destination.Kind == DescriptorKind.Fifo ? flags | SpliceFlags.NonBlock : flags;
    private KernelPipe? _pipe;

    public TransferMethod Kind => TransferMethod.Splice;

    public long BytesInHand { get; private set; }

    /// <summary>True if it got its pipe: before, every refusal is that of a pipe.</summary>
    public bool HasPipe => _pipe is not null;

    public bool NeverWaitsOn(TransferSide side) =>
        side == TransferSide.Destination && destination.Kind == DescriptorKind.Fifo;

    public StepResult Step(TransferCursor at, long count)
    {
        if (_pipe is null)
        {
            Errno errno = KernelPipe.TryCreate(pipeSize ?? Math.Min(_piece, MethodChain.DefaultPipeSize), out _pipe);
            if (_pipe?.Capacity < smallest)
            {
                // As pipe(2) has it where the user's pipes hold too much for another one.
                _pipe.Dispose();
                (_pipe, errno) = (null, Errno.ENFILE);
            }

            if (_pipe is null)
            {
                return StepResult.From(errno, TransferSide.Unknown, Kind);
            }

            TransferJournal.Current?.Note($"{source.Name} -> {destination.Name}: a pipe of {_pipe.Capacity} bytes is between them");
            if (!source.IsSeekable && Probe(at.DestinationOffset) is { Kind: StepKind.NotSupported } refusal)
            {
                return refusal;
            }
        }

        if (BytesInHand == 0)
        {
            StepResult filled = Fill(at.SourceOffset, Math.Min(count, Math.Min(_pipe.Capacity, _piece)));
            if (BytesInHand == 0)
            {
                return filled;
            }
        }

        return Drain(at.DestinationOffset);
    }

    /// <summary>Gives the pipe, with what is in it, to a method that takes over.</summary>
    public KernelPipe? HandOver(out long bytes)
    {
        bytes = BytesInHand;
        KernelPipe? pipe = _pipe;
        _pipe = null;
        BytesInHand = 0;
        return pipe;
    }

    public void Dispose() => _pipe?.Dispose();

    /// <summary>Asks the destination, with the empty pipe, before a source gives up bytes that it cannot take back.
    /// EAGAIN: it would have taken some.</summary>
    private StepResult Probe(long? offset)
    {
        SysResult result = LibC.Splice(
            _pipe!.ReadEnd, null, destination.Handle, offset, 1, flags | SpliceFlags.NonBlock);
        return result.Ok ? StepResult.Moved(0) : StepResult.From(result.Errno, TransferSide.Destination, Kind);
    }

    private StepResult Fill(long? offset, long count)
    {
        SysResult result = LibC.Splice(
            source.Handle, offset, _pipe!.WriteEnd, null, count, flags);
        BytesInHand = Math.Max(result.Value, 0);
        return result.Ok ? StepResult.EndOfData : StepResult.From(result.Errno, TransferSide.Source, Kind);
    }

    private StepResult Drain(long? offset)
    {
        SysResult result = LibC.Splice(
            _pipe!.ReadEnd, null, destination.Handle, offset, BytesInHand, _drainFlags);
        if (!result.Ok)
        {
            return StepResult.From(result.Errno, TransferSide.Destination, Kind);
        }

        // Nothing, of what the pipe has: pages that went away (truncated) while they were in it. Asking again is for ever.
        if (result.Value == 0)
        {
            return StepResult.From(Errno.EIO, TransferSide.Destination, Kind);
        }

        BytesInHand -= result.Value;
        return StepResult.Moved(result.Value);
    }
}

/// <summary>Lets the reader of a full pipe make room. poll(2) tells of the first free page: who writes at once writes page by
/// page, and takes more time from the reader than the reader needs for the bytes.</summary>
/// <remarks>The pause is half of what the reader needs for the whole pipe, by what it took since the last one. A reader so fast
/// that even a short pause would let it run dry is not paused for.</remarks>
internal sealed class RefillPause
{
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(4);
    public static readonly TimeSpan Shortest = TimeSpan.FromMicroseconds(100);
    private const int LongestRest = 1 << 12; // waits

    private long _observed = Stopwatch.GetTimestamp();
    private int _rest = 1;
    private int _resting;

    /// <summary>How long to pause once there is room; zero for not at all.</summary>
    public TimeSpan Time { get; private set; }

    /// <summary>Takes note of what a pipe took since it was waited for last.</summary>
    /// <param name="part">How many times its capacity.</param>
    public void Observe(double part)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_observed);
        _observed = Stopwatch.GetTimestamp();
        Observe(part, elapsed);
    }

    /// <summary>Takes note of what a pipe took since it was waited for last.</summary>
    /// <param name="part">How many times its capacity.</param>
    /// <param name="elapsed">The time that it took.</param>
    public void Observe(double part, TimeSpan elapsed)
    {
        if (_resting > 0)
        {
            _resting--;
            return;
        }

        TimeSpan wanted = part * Longest.Ticks * 2 > elapsed.Ticks ? elapsed * (0.5 / part) : Longest;
        TimeSpan most = Time * 2 > Shortest ? Time * 2 : Shortest;
        TimeSpan least = Time / 2;
        Time = wanted > most ? most : wanted < least ? least : wanted;
        Time = Time > Longest ? Longest : Time;
        if (Time < Shortest)
        {
            Time = TimeSpan.Zero;
            _resting = _rest;
            _rest = Math.Min(_rest * 2, LongestRest);
        }
    }

    public void Wait()
    {
        if (Time > TimeSpan.Zero)
        {
            LibC.Nanosleep(Time);
        }
    }
}
