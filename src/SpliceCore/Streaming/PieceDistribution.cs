using System.Buffers;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming;

/// <summary>Gives what is in one pipe, the piece, to all destinations' pipes: by tee(2) to all but the last, which takes it
/// out. tee(2) always begins at the pipe's start, so that a piece goes into an empty pipe as a whole, and there is no next
/// one before all have it.</summary>
internal sealed class PieceDistribution(KernelPipe pipe) : IDisposable
{
    private readonly List<MethodAttempt> _attempts = [];
    private byte[]? _buffer;
    private long _bufferStart;
    private long _held;
    private bool _copies;

    /// <summary>The size of the piece that is under way; 0 between two.</summary>
    public long Length { get; private set; }

    /// <summary>Why the bytes were copied where tee(2) did not serve.</summary>
    public IReadOnlyList<MethodAttempt> Attempts => _attempts;

    public void Begin(long length)
    {
        Length = length;
        _held = length;
        _copies = _attempts.Count > 0;
        if (_copies)
        {
            ReadAll();
        }
    }

    /// <summary>Gives an outlet that has nothing pending what it does not have of the piece.</summary>
    /// <param name="outlet">The outlet.</param>
    /// <param name="isLast">Whether all others have it.</param>
    /// <returns>Whether bytes were given.</returns>
    public bool Give(Outlet outlet, bool isLast)
    {
        SysResult result = _copies ? Write(outlet)
            : isLast ? LibC.Splice(pipe.ReadEnd, null, outlet.Pipe.WriteEnd, null, _held, SpliceFlags.NonBlock)
            : LibC.Tee(pipe.ReadEnd, outlet.Pipe.WriteEnd, Length, SpliceFlags.NonBlock);
        if (result.Value > 0)
        {
            _held -= isLast && !_copies ? result.Value : 0;
            outlet.Give(result.Value);
        }
        else if (!_copies && result.Errno is not (Errno.EAGAIN or Errno.EINTR))
        {
            string call = isLast ? "splice(2)" : "tee(2)";
            var attempt = new MethodAttempt(TransferMethod.Splice, result.Errno, $"{call} does not serve here: the bytes were copied for each destination");
            _attempts.Add(attempt);
            TransferJournal.Current?.Note($"{attempt}");
        }

        bool isCut = result.Value > 0 && !isLast && outlet.PieceGiven < Length;
        if (!_copies && (isCut || _attempts.Count > 0))
        {
            _copies = true;
            ReadAll();
        }

        return result.Value > 0;
    }

    /// <summary>All have the piece. Where the one that was to take it out has failed, it is taken out now.</summary>
    public void End()
    {
        if (_held > 0)
        {
            ReadAll();
        }

        Length = 0;
    }

    public void Dispose()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }

    private SysResult Write(Outlet outlet) =>
        LibC.Write(outlet.Pipe.WriteEnd, _buffer.AsSpan((int)(outlet.PieceGiven - _bufferStart), (int)(Length - outlet.PieceGiven)), null);

    /// <summary>Takes what is left of the piece out of the pipe.</summary>
    private void ReadAll()
    {
        _buffer ??= ArrayPool<byte>.Shared.Rent(pipe.Capacity);
        _bufferStart = Length - _held;
        for (int at = 0; _held > 0;)
        {
            SysResult result = LibC.Read(pipe.ReadEnd, _buffer.AsSpan(at, (int)_held), null);
            if (!result.Ok && result.Errno != Errno.EINTR)
            {
                throw TransferFailures.Step(TransferMethod.ReadWrite, result.Errno, TransferSide.Source, "the pipe", "the pipe", arrived: 0);
            }

            at += (int)Math.Max(result.Value, 0);
            _held -= Math.Max(result.Value, 0);
        }
    }
}
