using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice;

/// <summary>The algorithm of a hash, as Get-FileHash names it.</summary>
public enum FileHashAlgorithm
{
    /// <summary>160 bits. Others can make files with the same hash.</summary>
    SHA1,

    /// <summary>256 bits.</summary>
    SHA256,

    /// <summary>384 bits.</summary>
    SHA384,

    /// <summary>512 bits.</summary>
    SHA512,

    /// <summary>128 bits. Others can make files with the same hash.</summary>
    MD5,
}

/// <summary>Hashes files.</summary>
internal static class FileHash
{
    public static IncrementalHash Create(FileHashAlgorithm algorithm) => IncrementalHash.CreateHash(new HashAlgorithmName($"{algorithm}"));

    /// <summary>Returns the hash in upper-case hexadecimal digits.</summary>
    public static string ToText(IncrementalHash hash) => Convert.ToHexString(hash.GetCurrentHash());

    /// <summary>Returns the hash of the first bytes of a file.</summary>
    /// <exception cref="TransferException">It cannot be read, or is shorter.</exception>
    public static string Compute(FileHashAlgorithm algorithm, SafeHandle file, string path, long size, CancellationToken cancellation)
    {
        using IncrementalHash hash = Create(algorithm);
        Add(hash, file, 0, size, errno => Unreadable(path, errno), cancellation);
        return ToText(hash);
    }

    public static TransferException Unreadable(string path, Errno errno) => new(TransferErrorId.ReadFailed,
        $"'{path}' cannot be read to compute its hash ({(errno == Errno.None ? "it became shorter" : ErrnoText.Describe(errno))}).",
        "Check the kernel log (dmesg), or omit -HashAlgorithm.",
        errno, path);

    /// <summary>Adds a range of a file, holes as zeros.</summary>
    /// <param name="failed">Returns the error for a range that cannot be read, or is shorter (<see cref="Errno.None"/>).</param>
    public static void Add(
        IncrementalHash hash, SafeHandle file, long offset, long count, Func<Errno, TransferException> failed, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Tuning.DigestBufferSize);
        try
        {
            for (long at = 0; at < count;)
            {
                cancellation.ThrowIfCancellationRequested();
                SysResult read = LibC.Read(file, buffer.AsSpan(0, (int)Math.Min(Tuning.DigestBufferSize, count - at)), offset + at);
                if (read.Errno == Errno.EINTR)
                {
                    continue;
                }

                if (!read.Ok || read.Value == 0)
                {
                    throw failed(read.Errno);
                }

                hash.AppendData(buffer, 0, (int)read.Value);
                at += read.Value;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
