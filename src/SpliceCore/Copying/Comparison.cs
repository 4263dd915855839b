using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>Reads a range of a copy and of its source again, and compares them. What is a hole in both is not read.</summary>
internal sealed unsafe class Comparison : IDisposable
{
    private const int BlockSize = 1 << 20;

    // O_DIRECT wants memory, offset and length in units of the disk's blocks, which have 64 KiB at most.
    private const int Alignment = 64 * 1024;

    private const int DropTries = 4;
    private static readonly TimeSpan DropInterval = TimeSpan.FromMilliseconds(20);

    private readonly Descriptor _source;
    private readonly SafeFileHandle _copy;
    private readonly string _path;
    private readonly CancellationToken _cancellation;
    private byte* _memory;
    private SafeFileHandle? _direct;

    /// <param name="source">The source, which has positions.</param>
    /// <param name="copy">The copy, open for reading; it stays its owner's.</param>
    /// <param name="path">How messages call the copy.</param>
    /// <param name="cancellation">Ends the comparison.</param>
    public Comparison(Descriptor source, SafeFileHandle copy, string path, CancellationToken cancellation)
    {
        _source = source;
        _copy = copy;
        _path = path;
        _cancellation = cancellation;
    }

    /// <summary>True if data of the copy are taken for the source's, and are not read: the file system proves that they were
    /// written. A hole is compared with what the source has there.</summary>
    public bool TrustsData { get; init; }

    /// <summary>Reads a range of the copy from its disk: past the cache, from which its pages are dropped before, since some
    /// file systems take O_DIRECT and read from the cache all the same.</summary>
    /// <param name="offset">The range's start.</param>
    /// <param name="count">Its length in bytes.</param>
    /// <exception cref="TransferException">It can only be read from the cache.</exception>
    public void ReadFromDisk(long offset, long count)
    {
        long start = offset - (offset % Alignment);
        long length = offset + count - start;
        if (length == 0)
        {
            return;
        }

        SysResult opened = LibC.Open(LibC.PathOf(_copy), OpenFlags.ReadOnly | OpenFlags.Direct, out SafeFileHandle direct);
        if (opened.Ok)
        {
            _direct = direct;
        }
        else
        {
            direct.Dispose();
        }

        // The end is a whole page as well.
        LibC.DropCache(_copy, start, length + Alignment - 1);
        for (int i = 0; i < DropTries && MayReadFromCache() && LibC.CountCachedPages(_copy, start, length).Value > 0; i++)
        {
            if (i == DropTries - 1)
            {
                throw InUse();
            }

            // Whoever has a page in hand for a moment keeps it in the cache.
            _cancellation.WaitHandle.WaitOne(DropInterval);
            _cancellation.ThrowIfCancellationRequested();
            LibC.DropCache(_copy, start, length + Alignment - 1);
        }
    }

    /// <summary>Compares.</summary>
    /// <param name="sourceOffset">The range's start in the source.</param>
    /// <param name="offset">Its start in the copy.</param>
    /// <param name="count">Its length in bytes.</param>
    /// <returns>The bytes from the range's start that are the same: all, or those before the first that differs.</returns>
    /// <exception cref="TransferException">One side cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public long Run(long sourceOffset, long offset, long count)
    {
        long end = Math.Min(count, Math.Min(SourceEnd() - sourceOffset, CopyEnd() - offset));
        long same = 0;
        while (same < end)
        {
            _cancellation.ThrowIfCancellationRequested();
            long hole = HoleAt(_copy, offset + same);
            long known = hole == 0 && TrustsData ? DataAt(_copy, offset + same)
                : hole > 0 ? Math.Min(hole, HoleAt(_source.Handle, sourceOffset + same))
                : 0;
            if (known > 0)
            {
                same += Math.Min(known, end - same);
                continue;
            }

            ReadOnlySpan<byte> there = ReadCopy(offset, same);
            there = there[..(int)Math.Min(there.Length, end - same)];
            ReadOnlySpan<byte> here = ReadSource(sourceOffset, same, there.Length);
            int common = here.CommonPrefixLength(there);
            same += common;
            if (common < here.Length || common == 0)
            {
                return same;
            }
        }

        return same;
    }

    public void Dispose()
    {
        _direct?.Dispose();
        NativeMemory.AlignedFree(_memory);
    }

    /// <summary>Of a file without blocks, which may be a generated one, only reading tells.</summary>
    private long SourceEnd() =>
        FileStatus.TryGet(_source.Handle, out FileStatus? now).Ok && now is { Kind: DescriptorKind.Regular, AllocatedBytes: > 0 }
            ? now.Size
            : long.MaxValue;

    private long CopyEnd() =>
        FileStatus.TryGet(_copy, out FileStatus? now).Ok && now!.Kind == DescriptorKind.Regular ? now.Size : long.MaxValue;

    /// <summary>How long the hole is that begins here; 0 where data are.</summary>
    private static long HoleAt(SafeHandle file, long offset) => LibC.SeekData(file, offset) switch
    {
        { Ok: true, Value: long data } => data - offset,
        { Errno: Errno.ENXIO } => long.MaxValue,
        _ => 0, // a file system, or a device, that knows no holes
    };

    /// <summary>How many data begin here, where data are: up to the next hole, or the end.</summary>
    private static long DataAt(SafeHandle file, long offset) =>
        LibC.SeekHole(file, offset) is { Ok: true, Value: long hole } ? hole - offset : 0;

    private ReadOnlySpan<byte> ReadCopy(long offset, long same)
    {
        if (_memory is null)
        {
            _memory = (byte*)NativeMemory.AlignedAlloc(2 * BlockSize, Alignment);
        }

        long at = offset + same;
        if (_direct is not null)
        {
            int before = (int)(at % Alignment);
            SysResult direct = Read(_direct, _memory, BlockSize, at - before);
            if (direct.Value > before)
            {
                return new ReadOnlySpan<byte>(_memory + before, (int)direct.Value - before);
            }

            if (direct.Errno is not (Errno.None or Errno.EINVAL))
            {
                throw CopyUnreadable(at, direct.Errno);
            }

            // Less than was asked for, or not this way: the cache takes over, which has nothing of it.
            _direct.Dispose();
            _direct = null;
        }

        SysResult read = Read(_copy, _memory, BlockSize, at);
        return read.Ok ? new ReadOnlySpan<byte>(_memory, (int)read.Value) : throw CopyUnreadable(at, read.Errno);
    }

    private ReadOnlySpan<byte> ReadSource(long offset, long same, int count)
    {
        SysResult read = Read(_source.Handle, _memory + BlockSize, count, offset + same);
        return read.Ok
            ? new ReadOnlySpan<byte>(_memory + BlockSize, (int)read.Value)
            : throw TransferFailures.Step(TransferMethod.ReadWrite, read.Errno, TransferSide.Source, _source.Name, _path, same);
    }

    private static SysResult Read(SafeHandle file, byte* memory, int count, long offset)
    {
        SysResult result;
        do
        {
            result = LibC.Read(file, new Span<byte>(memory, count), offset);
        }
        while (result.Errno == Errno.EINTR);

        return result;
    }

    /// <summary>True if the file system may answer a read with O_DIRECT from the cache: btrfs does so of compressed extents, and
    /// ext4 with data=journal.</summary>
    private bool MayReadFromCache() => FileSystemTypes.Of(_copy) switch
    {
        FileSystemType.Btrfs => true,
        FileSystemType.Ext => _direct is null || !LibC.ReadsDirectly(_copy),
        FileSystemType.Xfs => _direct is null,
        _ => false,
    };

    private TransferException InUse() => new(TransferErrorId.VerificationFailed,
        $"'{_path}' cannot be read from its disk: a process has mapped it (mmap), and its file system reads such pages from the cache.",
        "End the process (lsof shows it), or leave -Verify out.",
        Errno.EBUSY, _path);

    private TransferException CopyUnreadable(long offset, Errno errno) => new(TransferErrorId.VerificationFailed,
        $"'{_path}' cannot be read again at byte {offset} ({ErrnoText.Describe(errno)}).",
        "The disk may be failing: see the kernel's log (dmesg).",
        errno, _path)
    {
        DifferenceOffset = offset,
    };
}

/// <summary>Compares a copy on the disk with its source.</summary>
internal static class Verification
{
    /// <summary>Reads a range of both sides again, the copy from its disk.</summary>
    /// <param name="source">The source.</param>
    /// <param name="sourceOffset">The range's start in it.</param>
    /// <param name="copy">The copy, open for reading. Its bytes have been flushed.</param>
    /// <param name="offset">The range's start in it.</param>
    /// <param name="count">The range's length in bytes.</param>
    /// <param name="place">Where the copy is, or will be.</param>
    /// <param name="isInPlace">Whether the copy is the user's file already.</param>
    /// <param name="isAppended">Whether it is cut back where it differs.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="TransferException">They differ, or one of them cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static void Check(
        Descriptor source, long sourceOffset, SafeFileHandle copy, long offset, long count, Place place, bool isInPlace, bool isAppended,
        CancellationToken cancellation)
    {
        using var comparison = new Comparison(source, copy, place.Path, cancellation);
        comparison.ReadFromDisk(offset, count);
        long same = comparison.Run(sourceOffset, offset, count);
        if (same < count)
        {
            throw FileFailures.Different(source.Name, sourceOffset + same, place.Path, offset + same, isInPlace, isAppended);
        }
    }
}
