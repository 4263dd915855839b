using System.Buffers;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming;

/// <summary>Duplicates the chunk in one pipe to the pipes of all destinations: by tee(2) to all but the last, which takes it
/// out. tee(2) always begins at the pipe's start, so a chunk goes into an empty pipe as a whole, and the next one waits until all
/// have it.</summary>
internal sealed class TeeFanOut(SplicePipe pipe) : IDisposable
{
    private readonly List<MethodAttempt> _attempts = [];
    private byte[]? _buffer;
    private long _bufferStart;
    private bool _copies;

    /// <summary>The size of the chunk; 0 between two.</summary>
    public long Length { get; private set; }

    /// <summary>Why the bytes were copied instead.</summary>
    public IReadOnlyList<MethodAttempt> Attempts => _attempts;

    public void Begin(long length)
    {
        Length = length;
        pipe.BytesHeld = length;
        _copies = _attempts.Count > 0;
        if (_copies)
        {
            ReadAll();
        }
    }

    /// <summary>Duplicates the rest of the chunk to a destination that has nothing pending.</summary>
    /// <param name="isLast">True if all others have the chunk.</param>
    /// <returns>True if the destination received bytes.</returns>
    public bool Feed(DestinationPump pump, bool isLast)
    {
        SysResult result = _copies ? LibC.Write(pump.Pipe.WriteEnd, Rest(pump), null)
            : isLast ? pipe.Drain(pump.Pipe.WriteEnd, offset: null, SpliceFlags.NonBlock)
            : LibC.Tee(pipe.ReadEnd, pump.Pipe.WriteEnd, Length, SpliceFlags.NonBlock);
        if (result.Value > 0)
        {
            pump.Receive(result.Value);
        }
        else if (!_copies && result.Errno is not (Errno.EAGAIN or Errno.EINTR))
        {
            string call = isLast ? "splice(2)" : "tee(2)";
            var attempt = new MethodAttempt(TransferMethod.Splice, result.Errno, $"{call} is unsupported here: the bytes were copied for each destination");
            _attempts.Add(attempt);
            TransferTrace.Current?.Note($"{attempt}");
        }

        bool isCut = result.Value > 0 && !isLast && pump.ChunkReceived < Length;
        if (!_copies && (isCut || _attempts.Count > 0))
        {
            _copies = true;
            ReadAll();
        }

        return result.Value > 0;
    }

    /// <summary>Ends the chunk, which all have. If the destination that was to take it out has failed, reads it now.</summary>
    public void End()
    {
        ReadAll();
        Length = 0;
    }

    public void Dispose()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }

    private ReadOnlySpan<byte> Rest(DestinationPump pump) =>
        _buffer.AsSpan((int)(pump.ChunkReceived - _bufferStart), (int)(Length - pump.ChunkReceived));

    /// <summary>Reads the rest of the chunk out of the pipe.</summary>
    private void ReadAll()
    {
        if (pipe.BytesHeld > 0)
        {
            _buffer ??= ArrayPool<byte>.Shared.Rent(pipe.Capacity);
            _bufferStart = Length - pipe.BytesHeld;
        }

        for (int at = 0; pipe.BytesHeld > 0;)
        {
            SysResult result = pipe.Read(_buffer.AsSpan(at));
            if (!result.Ok && result.Errno != Errno.EINTR)
            {
                throw TransferFailures.Step(TransferMethod.ReadWrite, result.Errno, TransferSide.Source, "the pipe", "the pipe", arrived: 0);
            }

            at += (int)Math.Max(result.Value, 0);
        }
    }
}
