using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>Reads a range of a copy and of its source again, or of two files, and compares them. Holes in both are not read.</summary>
internal sealed unsafe class Comparison : IDisposable
{
    // O_DIRECT requires memory, offset and length in units of the disk's blocks, which have 64 KiB at most.
    private const int Alignment = 64 * 1024;

    private const int DropTries = 4;

    private readonly Descriptor _source;
    private readonly SafeFileHandle _copy;
    private readonly string _path;
    private readonly CancellationToken _cancellation;
    private byte* _memory;
    private SafeFileHandle? _direct;

    /// <summary>Compares a seekable source with a copy that is open for reading and stays the caller's.</summary>
    public Comparison(Descriptor source, SafeFileHandle copy, string path, CancellationToken cancellation)
    {
        _source = source;
        _copy = copy;
        _path = path;
        _cancellation = cancellation;
    }

    /// <summary>True if data of the copy are not read, since the file system proves that they were written. Holes are compared with
    /// the source.</summary>
    public bool TrustsData { get; init; }

    /// <summary>Called with the number of bytes that are equal so far; null for none.</summary>
    public Action<long>? Compared { get; init; }

    /// <summary>True if holes are read.</summary>
    public bool ReadsHoles { get; init; }

    /// <summary>True if the sizes are unknown, as those of generated files: both are read up to the end of one.</summary>
    public bool IgnoresSizes { get; init; }

    /// <summary>True if it is not a copy that is verified, but another file.</summary>
    public bool IsOtherFile { get; init; }

    /// <summary>The most bytes of one read.</summary>
    public int ReadSize { get; set; } = Tuning.LargestRead;

    /// <summary>Limits the bytes per second that are read of each side; null for unlimited.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>The bytes that are holes in both, and were not read.</summary>
    public long BytesInHoles { get; private set; }

    /// <summary>Makes later reads of a range of the copy come from the disk: with O_DIRECT, and without its pages in the cache, from
    /// which some file systems read in spite of O_DIRECT.</summary>
    public void ReadFromDisk(long offset, long count)
    {
        long start = offset - (offset % Alignment);
        long length = offset + count - start;
        if (length == 0)
        {
            return;
        }

        // A small file needs little memory.
        ReadSize = (int)Math.Min(ReadSize, (length + Alignment - 1) / Alignment * Alignment);
        SysResult opened = LibC.Open(LibC.PathOf(_copy), LibC.O_RDONLY | LibC.O_DIRECT, out SafeFileHandle direct);
        if (opened.Ok)
        {
            _direct = direct;
        }
        else
        {
            direct.Dispose();
        }

        // The range ends with a whole page.
        LibC.DropCache(_copy, start, length + Alignment - 1);
        for (int i = 0; i < DropTries && MayReadFromCache() && LibC.CountCachedPages(_copy, start, length).Value > 0; i++)
        {
            if (i == DropTries - 1)
            {
                throw InUse();
            }

            // A page that another process is using stays in the cache for a moment.
            _cancellation.WaitHandle.WaitOne(Tuning.CacheDropInterval);
            _cancellation.ThrowIfCancellationRequested();
            LibC.DropCache(_copy, start, length + Alignment - 1);
        }
    }

    /// <summary>True if two files have the same content.</summary>
    public static bool AreEqual(Descriptor source, SafeFileHandle copy, string path, CancellationToken cancellation)
    {
        if (!FileStatus.TryGet(copy, out FileStatus? status).Ok || status!.Size != source.Size)
        {
            return false;
        }

        using var comparison = new Comparison(source, copy, path, cancellation);
        try
        {
            return comparison.Run(0, 0, source.Size) == source.Size;
        }
        catch (TransferException exception) when (exception.DifferenceOffset.HasValue)
        {
            // The copy is unreadable.
            return false;
        }
    }

    /// <summary>Compares a range.</summary>
    /// <returns>Number of bytes before the first difference; <paramref name="count"/> if there is none.</returns>
    public long Run(long sourceOffset, long offset, long count)
    {
        long end = Math.Min(count, Math.Min(SourceEnd() - sourceOffset, CopyEnd() - offset));
        long same = 0;
        while (same < end)
        {
            _cancellation.ThrowIfCancellationRequested();
            long hole = ReadsHoles || IgnoresSizes ? 0 : HoleAt(_copy, offset + same);
            long known = hole == 0 && TrustsData ? DataAt(_copy, offset + same)
                : hole > 0 ? Math.Min(hole, HoleAt(_source.Handle, sourceOffset + same))
                : 0;
            if (known > 0)
            {
                known = Math.Min(known, end - same);
                BytesInHoles += hole > 0 ? known : 0;
                same += known;
                continue;
            }

            ReadOnlySpan<byte> there = ReadCopy(offset, same);
            there = there[..(int)Math.Min(there.Length, end - same)];
            RateLimit?.Take(there.Length, _cancellation);
            ReadOnlySpan<byte> here = ReadSource(sourceOffset, same, there.Length);
            int common = here.CommonPrefixLength(there);
            same += common;
            Compared?.Invoke(same);
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

    /// <summary>The size of a file without blocks is unknown: it may be a generated one.</summary>
    private long SourceEnd() =>
        !IgnoresSizes && FileStatus.TryGet(_source.Handle, out FileStatus? now).Ok && now is { Kind: DescriptorKind.Regular, AllocatedBytes: > 0 }
            ? now.Size
            : long.MaxValue;

    private long CopyEnd() =>
        !IgnoresSizes && FileStatus.TryGet(_copy, out FileStatus? now).Ok && now!.Kind == DescriptorKind.Regular ? now.Size : long.MaxValue;

    /// <summary>Length of the hole that begins here; 0 at data.</summary>
    public static long HoleAt(SafeHandle file, long offset) => LibC.SeekData(file, offset) switch
    {
        { Ok: true, Value: long data } => data - offset,
        { Errno: Errno.ENXIO } => long.MaxValue,
        _ => 0, // a device, or a file system without holes
    };

    /// <summary>Length of the data that begin here.</summary>
    public static long DataAt(SafeHandle file, long offset) =>
        LibC.SeekHole(file, offset) is { Ok: true, Value: long hole } ? hole - offset : 0;

    private ReadOnlySpan<byte> ReadCopy(long offset, long same)
    {
        if (_memory is null)
        {
            _memory = (byte*)NativeMemory.AlignedAlloc(2 * (nuint)ReadSize, Alignment);
        }

        long at = offset + same;
        if (_direct is not null)
        {
            int before = (int)(at % Alignment);
            SysResult direct = Read(_direct, _memory, ReadSize, at - before);
            if (direct.Value > before)
            {
                return new ReadOnlySpan<byte>(_memory + before, (int)direct.Value - before);
            }

            if (direct.Errno is not (Errno.None or Errno.EINVAL))
            {
                throw CopyUnreadable(at, direct.Errno);
            }

            // A short read, or O_DIRECT is unsupported here: read through the cache, from which the pages were dropped.
            _direct.Dispose();
            _direct = null;
        }

        SysResult read = Read(_copy, _memory, ReadSize, at);
        return read.Ok ? new ReadOnlySpan<byte>(_memory, (int)read.Value) : throw CopyUnreadable(at, read.Errno);
    }

    private ReadOnlySpan<byte> ReadSource(long offset, long same, int count)
    {
        SysResult read = Read(_source.Handle, _memory + ReadSize, count, offset + same);
        return read.Ok
            ? new ReadOnlySpan<byte>(_memory + ReadSize, (int)read.Value)
            : throw TransferFailures.Step(TransferMethod.ReadWrite, read.Errno, TransferSide.Source, _source.Name, _path, IsOtherFile ? offset + same : same);
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

    /// <summary>True if a read with O_DIRECT may come from the cache: on btrfs with compression, and on ext4 with
    /// data=journal.</summary>
    private bool MayReadFromCache() => FileSystemTypes.Of(_copy) switch
    {
        FileSystemType.Btrfs => true,
        FileSystemType.Ext => _direct is null || !LibC.ReadsDirectly(_copy),
        FileSystemType.Xfs => _direct is null,
        _ => false,
    };

    private TransferException InUse() => new(TransferErrorId.VerificationFailed,
        $"'{_path}' cannot be read from its disk: a process has mapped it (mmap), and its file system reads such pages from the cache.",
        "End the process (lsof shows it), or omit -Verify.",
        Errno.EBUSY, _path);

    private TransferException CopyUnreadable(long offset, Errno errno) => IsOtherFile
        ? TransferFailures.Step(TransferMethod.ReadWrite, errno, TransferSide.Source, _path, _path, offset)
        : new(TransferErrorId.VerificationFailed,
        $"'{_path}' cannot be read again at byte {offset} ({ErrnoText.Describe(errno)}).",
        "The disk may be failing: check the kernel log (dmesg).",
        errno, _path)
        {
            DifferenceOffset = offset,
        };
}
