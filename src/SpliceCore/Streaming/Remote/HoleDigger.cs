using System.Buffers;
using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>Gives back the blocks of a file that have come as zeros.</summary>
internal static class HoleDigger
{
    private const int BufferSize = 1 << 20;
    private const int BlockSize = 4096;

    /// <summary>Makes holes of blocks of zeros. Where that cannot be done, the file has its blocks, and is right all the same.</summary>
    /// <param name="file">The file, open for reading and writing.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="to">Where to end.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static void Dig(SafeHandle file, long from, long to, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (long at = from / BlockSize * BlockSize; at < to;)
            {
                cancellation.ThrowIfCancellationRequested();
                SysResult read = LibC.Read(file, buffer.AsSpan(0, (int)Math.Min(BufferSize, to - at)), at);
                if (read.Errno == Errno.EINTR)
                {
                    continue;
                }

                if (!read.Ok || read.Value == 0 || !Dig(file, at, buffer.AsSpan(0, (int)read.Value)))
                {
                    return;
                }

                at += read.Value;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Finds runs of zeros, in whole blocks. False: no holes can be made.</summary>
    private static bool Dig(SafeHandle file, long offset, ReadOnlySpan<byte> bytes)
    {
        for (int start = 0; start < bytes.Length;)
        {
            int end = start;
            while (end < bytes.Length && !bytes[end..Math.Min(end + BlockSize, bytes.Length)].ContainsAnyExcept((byte)0))
            {
                end = Math.Min(end + BlockSize, bytes.Length);
            }

            if (end > start && !LibC.PunchHole(file, offset + start, end - start).Ok)
            {
                return false;
            }

            start = end == bytes.Length ? end : end + BlockSize;
        }

        return true;
    }
}
