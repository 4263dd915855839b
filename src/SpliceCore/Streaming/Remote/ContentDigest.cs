using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>The SHA-256 of what goes by: one more destination of the stream, a pipe that a thread reads.</summary>
internal sealed class ContentDigest : IDisposable
{
    private const int BufferSize = 1 << 18;

    private static readonly byte[] Zeros = new byte[BufferSize];

    private readonly SplicePipe _pipe = SplicePipe.Create(Tuning.PipeSize);
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly object _lock = new();
    private readonly Thread _thread;
    private readonly CancellationToken _cancellation;
    private long _read;
    private long _written;
    private bool _ended;

    public ContentDigest(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        LibC.SetStatusFlags(_pipe.WriteEnd, OpenFlags.WriteOnly | OpenFlags.NonBlock);
        _thread = new Thread(ReadAll) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>What is written to it belongs to the content.</summary>
    public StreamEnd Input => StreamEnd.OfHandle(_pipe.WriteEnd, "the digest");

    /// <summary>The digest of bytes in memory, as 64 hexadecimal digits.</summary>
    public static string Of(ReadOnlySpan<byte> content) => Text(SHA256.HashData(content));

    /// <summary>Takes note of bytes that were written to it.</summary>
    public void Wrote(long bytes) => _written += bytes;

    /// <summary>A hole is next.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public void AddZeros(long count)
    {
        Await();
        for (; count > 0; count -= Math.Min(count, Zeros.Length))
        {
            _cancellation.ThrowIfCancellationRequested();
            _hash.AppendData(Zeros.AsSpan(0, (int)Math.Min(count, Zeros.Length)));
        }
    }

    /// <summary>Bytes are next that are in a file already.</summary>
    /// <param name="file">The file.</param>
    /// <param name="count">How many, from its start.</param>
    /// <exception cref="TransferException">It does not have them.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public void AddFile(SafeHandle file, long count)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (long at = 0; at < count;)
            {
                _cancellation.ThrowIfCancellationRequested();
                SysResult read = LibC.Read(file, buffer.AsSpan(0, (int)Math.Min(BufferSize, count - at)), at);
                if (read.Errno == Errno.EINTR)
                {
                    continue;
                }

                if (!read.Ok || read.Value == 0)
                {
                    throw new TransferException(TransferErrorId.ReadFailed,
                        $"The bytes before {count}, which were transferred before, could not be read again ({ErrnoText.Describe(read.Errno)}).",
                        "Start again without -Resume.",
                        read.Errno);
                }

                _hash.AppendData(buffer, 0, (int)read.Value);
                at += read.Value;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The digest of all of it, as 64 hexadecimal digits.</summary>
    public string Complete()
    {
        Await();
        return Text(_hash.GetHashAndReset());
    }

    public void Dispose()
    {
        _pipe.WriteEnd.Dispose();
        _thread.Join();
        _pipe.Dispose();
        _hash.Dispose();
    }

    private static string Text(byte[] hash) => Convert.ToHexString(hash).ToLowerInvariant();

    /// <summary>Waits until the thread has read all that was written: it never waits for anybody else.</summary>
    private void Await()
    {
        lock (_lock)
        {
            while (_read < _written && !_ended)
            {
                Monitor.Wait(_lock);
            }
        }
    }

    private void ReadAll()
    {
        byte[] buffer = new byte[BufferSize];
        while (true)
        {
            SysResult read = LibC.Read(_pipe.ReadEnd, buffer, offset: null);
            if (read.Errno == Errno.EINTR)
            {
                continue;
            }

            lock (_lock)
            {
                if (!read.Ok || read.Value == 0)
                {
                    _ended = true;
                    Monitor.PulseAll(_lock);
                    return;
                }

                _hash.AppendData(buffer, 0, (int)read.Value);
                _read += read.Value;
                Monitor.PulseAll(_lock);
            }
        }
    }
}
