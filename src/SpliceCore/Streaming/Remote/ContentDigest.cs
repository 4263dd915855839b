using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>The SHA-256 of a stream: one more destination of it, a pipe that a thread reads.</summary>
internal sealed class ContentDigest : IDisposable
{
    private static readonly byte[] Zeros = new byte[Tuning.DigestBufferSize];

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
        LibC.SetStatusFlags(_pipe.WriteEnd, LibC.O_WRONLY | LibC.O_NONBLOCK);
        _thread = WorkerThread.Start(ReadAll);
    }

    /// <summary>The destination that takes the content.</summary>
    public TransferEndpoint Input => TransferEndpoint.OfHandle(_pipe.WriteEnd, "the digest");

    /// <summary>Returns the digest of bytes, as 64 hexadecimal digits.</summary>
    public static string Compute(ReadOnlySpan<byte> content) => Text(SHA256.HashData(content));

    /// <summary>Returns the digest of the first bytes of a file.</summary>
    /// <param name="fail">Returns the error for an errno.</param>
    public static string Compute(SafeHandle file, long count, Func<Errno, TransferException> fail, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        FileHash.Add(hash, file, offset: 0, count, fail, cancellation);
        return Text(hash.GetHashAndReset());
    }

    /// <summary>Counts bytes that were written to <see cref="Input"/>.</summary>
    public void AddWritten(long bytes) => _written += bytes;

    /// <summary>Adds a hole.</summary>
    public void AddZeros(long count)
    {
        WaitForThread();
        for (; count > 0; count -= Math.Min(count, Zeros.Length))
        {
            _cancellation.ThrowIfCancellationRequested();
            _hash.AppendData(Zeros.AsSpan(0, (int)Math.Min(count, Zeros.Length)));
        }
    }

    /// <summary>Adds a range of a file that was transferred before.</summary>
    public void AddFile(SafeHandle file, long offset, long count)
    {
        WaitForThread();
        FileHash.Add(
            _hash,
            file,
            offset,
            count,
            errno => new TransferException(TransferErrorId.ReadFailed,
                $"The bytes that were transferred before could not be read again ({(errno == Errno.None ? "the file became shorter" : ErrnoText.Describe(errno))}).",
                "Run the command again without -Resume.",
                errno),
            _cancellation);
    }

    /// <summary>Returns the digest, as 64 hexadecimal digits.</summary>
    public string Complete()
    {
        WaitForThread();
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

    /// <summary>Waits until the thread has read everything that was written.</summary>
    private void WaitForThread()
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
        byte[] buffer = new byte[Tuning.DigestBufferSize];
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

/// <summary>The SHA-256 of each file of a tree, as the host verifies them.</summary>
internal sealed class ChecksumList
{
    private const long MaxLength = 1 << 30;

    private readonly ArrayBufferWriter<byte> _plain = new();
    private readonly ArrayBufferWriter<byte> _escaped = new();

    /// <summary>Lines for sha256sum -c.</summary>
    public byte[] Plain => _plain.WrittenSpan.ToArray();

    /// <summary>Those of names that not every sha256sum reads, with bytes escaped for printf %b.</summary>
    public byte[] Escaped => _escaped.WrittenSpan.ToArray();

    /// <summary>Both, with an empty line between them.</summary>
    public byte[] ToBytes() => [.. _escaped.WrittenSpan, (byte)'\n', .. _plain.WrittenSpan];

    /// <summary>Both, after a line with their lengths.</summary>
    public byte[] ToRequest() =>
        [.. Encoding.ASCII.GetBytes($"{_escaped.WrittenCount} {_plain.WrittenCount}\n"), .. _escaped.WrittenSpan, .. _plain.WrittenSpan];

    /// <summary>Returns the name of a file in the lists: each byte is a character.</summary>
    /// <param name="path">The path from the tree's top, which starts with a slash.</param>
    /// <param name="isEscaped">True if not every sha256sum reads it, so that its bytes are escaped for printf %b.</param>
    public static string NameOf(ReadOnlySpan<byte> path, out bool isEscaped)
    {
        isEscaped = path.ContainsAnyInRange((byte)0, (byte)0x1F) || path.Contains((byte)'\\') || path.Contains((byte)0x7F);
        return isEscaped ? Escape(path) : $".{Encoding.Latin1.GetString(path)}";
    }

    /// <summary>Escapes a path for printf %b.</summary>
    public static string Escape(ReadOnlySpan<byte> path) =>
        $".{string.Concat(path.ToArray().Select(one => $@"\0{Convert.ToString(one, toBase: 8).PadLeft(3, '0')}"))}";

    /// <param name="path">The path from the tree's top, which starts with a slash.</param>
    /// <param name="digest">64 hexadecimal digits.</param>
    public void Add(ReadOnlySpan<byte> path, string digest)
    {
        string name = NameOf(path, out bool isEscaped);
        ArrayBufferWriter<byte> list = isEscaped ? _escaped : _plain;
        list.Write(Encoding.Latin1.GetBytes(isEscaped ? $"{digest} {name}\n" : $"{digest}  {name}\n"));
        if ((long)_plain.WrittenCount + _escaped.WrittenCount > MaxLength)
        {
            throw new TransferException(TransferErrorId.RemoteFailed,
                "The checksums of the files take more than 1 GiB.", "Transfer the folders in it one by one, or omit -Verify.");
        }
    }
}
