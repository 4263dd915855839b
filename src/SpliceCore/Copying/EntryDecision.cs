using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Decision about a destination, made from the status of source and destination.</summary>
/// <param name="Reason">Why, where <paramref name="Status"/> is not enough.</param>
internal readonly record struct EntryDecision(ItemStatus Status, string? Reason = null)
{
    /// <summary>True if the destination is unchanged unless its content differs, which only reading both shows.</summary>
    public bool NeedsContent { get; init; }

    /// <summary>True if only metadata of the destination are set.</summary>
    public bool IsMetadataOnly { get; init; }

    /// <summary>True if the destination was compared with the source as it is on the disk.</summary>
    public bool IsVerified { get; init; }

    public bool WritesContent => Status is ItemStatus.Copied or ItemStatus.Updated && !IsMetadataOnly;

    /// <summary>Returns the result of one file with the status and its counts.</summary>
    public TransferResult Complete(TransferResult result) => result with
    {
        Status = Status,
        Reason = Reason,
        Verified = IsVerified || result.Verified,
        FileCount = Status == ItemStatus.Skipped ? 0 : 1,
        Updated = Status == ItemStatus.Updated ? 1 : 0,
        Unchanged = Status == ItemStatus.Unchanged ? 1 : 0,
        Skipped = Status == ItemStatus.Skipped ? 1 : 0,
    };

    /// <summary>Describes in a dry run what would be done with a file.</summary>
    public TransferResult Describe(string source, string destination, long size) => Complete(new TransferResult
    {
        Source = source,
        Destination = destination,
        Length = size,
        BytesMoved = WritesContent ? size : 0,
        Attempts = [],
    });

    public static EntryDecision ContentDiffers { get; } = new(ItemStatus.Updated, "content differs");

    /// <summary>Decides for a file of which only metadata differ. One with several names is replaced, since the others may belong to
    /// other files.</summary>
    public static EntryDecision OfMetadata(string reason, FileStatus existing) =>
        new(ItemStatus.Updated, reason) { IsMetadataOnly = existing.LinkCount <= 1 };

    /// <summary>Decides for a regular file, or for an item of another type than the destination.</summary>
    /// <param name="isReadable">True if both can be compared: then a time that the destination's file system may not be able to store
    /// does not decide.</param>
    public static EntryDecision Of(FileStatus source, FileStatus? existing, UpdateMode update, TimePrecision precision, bool isReadable = false)
    {
        if (existing is null)
        {
            return new(ItemStatus.Copied);
        }

        if (source.Kind != existing.Kind)
        {
            return new(ItemStatus.Updated, "type differs");
        }

        int age = precision.Compare(source.ModificationTime, existing.ModificationTime);
        bool isDecisive = !isReadable || !precision.IsLimited(source.ModificationTime);
        return update switch
        {
            UpdateMode.Always => new(ItemStatus.Updated),
            UpdateMode.Newer when age < 0 => new(ItemStatus.Skipped, "destination is newer"),
            UpdateMode.Newer when age > 0 && isDecisive => new(ItemStatus.Updated, "source is newer"),
            _ when source.Size != existing.Size => new(ItemStatus.Updated, "size differs"),
            UpdateMode.Changed when age != 0 && isDecisive => new(ItemStatus.Updated, "time differs"),
            UpdateMode.Content => new(ItemStatus.Unchanged) { NeedsContent = true },
            UpdateMode.Newer or UpdateMode.Changed when age != 0 => new(ItemStatus.Unchanged) { NeedsContent = true },
            _ => new(ItemStatus.Unchanged),
        };
    }

    /// <summary>Decides for a link or special file of the destination's type.</summary>
    /// <param name="isSame">True if both have the same target, or device number.</param>
    public static EntryDecision OfNode(FileStatus source, FileStatus existing, UpdateMode update, TimePrecision precision, bool isSame) =>
        isSame && update != UpdateMode.Always ? new(ItemStatus.Unchanged)
        : update == UpdateMode.Newer && precision.Compare(source.ModificationTime, existing.ModificationTime) < 0
            ? new(ItemStatus.Skipped, "destination is newer")
        : new(ItemStatus.Updated, isSame ? null : source.Kind == DescriptorKind.SymbolicLink ? "target differs" : "device differs");
}

/// <summary>Precision of the times of two file systems. Two times are equal if the coarser file system cannot store the difference.</summary>
/// <param name="Unit">The coarser unit, in nanoseconds, to which times are rounded down.</param>
/// <param name="Tolerance">The largest difference of times that are the same.</param>
internal sealed record TimePrecision(long Unit, TimeSpan Tolerance)
{
    /// <summary>Nanoseconds of a second.</summary>
    public const long Second = 1_000_000_000;

    // FAT and exFAT begin with 1980, in local time.
    private const long FirstOfFat = 315_532_800;
    private const long LargestZone = 14 * 3600;

    // FAT stores even seconds. Linux rounds down, Windows up.
    private static readonly TimeSpan FatTolerance = TimeSpan.FromSeconds(2);

    // The last seconds of 32 bits, of ext4 (34 bits) and of XFS (nanoseconds in 64 bits), and the first of all of them.
    private static readonly long[] Limits = [int.MaxValue, 15_032_385_535, 16_299_260_424, int.MinValue];

    /// <summary>Nanoseconds in both file systems.</summary>
    public static TimePrecision Exact { get; } = new(1, TimeSpan.Zero);

    /// <summary>The precision of the coarsest file systems.</summary>
    public static TimePrecision Coarsest { get; } = new(2 * Second, FatTolerance);

    /// <summary>Returns the precision of two file systems.</summary>
    /// <param name="source">Any file or directory of the one, also opened with O_PATH.</param>
    /// <param name="destination">Any of the other.</param>
    public static TimePrecision Of(SafeHandle source, SafeHandle destination, TimeSpan tolerance) => Of(source, UnitOf(destination), tolerance);

    /// <summary>Returns the precision of a file system and of one whose unit is known.</summary>
    /// <param name="unit">The unit of the other's times, in nanoseconds.</param>
    public static TimePrecision Of(SafeHandle source, long unit, TimeSpan tolerance)
    {
        long coarser = Math.Max(UnitOf(source), unit);
        return new TimePrecision(coarser, tolerance < FatTolerance && coarser == 2 * Second ? FatTolerance : tolerance);
    }

    /// <summary>Returns less than 0 if the first time is earlier, 0 if both are the same.</summary>
    public int Compare(in LibC.StatxTimestamp one, in LibC.StatxTimestamp other)
    {
        int order = one.CompareTo(other);
        if (order == 0)
        {
            return 0;
        }

        (Int128 first, Int128 second) = (Nanoseconds(one), Nanoseconds(other));
        bool isSame = Int128.Abs(first - second) <= (Int128)Tolerance.Ticks * TimeSpan.NanosecondsPerTick || Floor(first) == Floor(second);
        return isSame ? 0 : order;
    }

    /// <summary>True for a time that some file system cannot store.</summary>
    public static bool IsRare(in LibC.StatxTimestamp time) => time.Seconds is > int.MaxValue or < FirstOfFat + LargestZone;

    /// <summary>True for a time that one of these file systems may not be able to store: then it has the nearest one.</summary>
    public bool IsLimited(in LibC.StatxTimestamp time) =>
        time.Seconds is > int.MaxValue or < int.MinValue || ((Unit == 2 * Second || Unit == Second / 100) && IsRare(time));

    /// <summary>True if an item has the nearest time to its source's that its file system can store.</summary>
    public bool IsNearest(in LibC.StatxTimestamp source, in LibC.StatxTimestamp item) => IsLimited(source)
        && (Array.IndexOf(Limits, item.Seconds) >= 0 || item.Seconds is >= FirstOfFat - LargestZone and <= FirstOfFat + LargestZone);

    /// <summary>True if an item has its source's time as exactly as its file system can store it.</summary>
    public bool IsPreserved(in LibC.StatxTimestamp source, in LibC.StatxTimestamp item) => Compare(source, item) == 0 || IsNearest(source, item);

    private static Int128 Nanoseconds(in LibC.StatxTimestamp time) => ((Int128)time.Seconds * Second) + time.Nanoseconds;

    private Int128 Floor(Int128 time) => (time - (((time % Unit) + Unit) % Unit)) / Unit;

    /// <summary>Returns the unit of the times of a file system, in nanoseconds. An unknown one is taken for exact: a file that is copied
    /// again is better than a change that is not seen.</summary>
    public static long UnitOf(FileSystemType type, bool hasBirthTime) => type switch
    {
        FileSystemType.Fat => 2 * Second,
        FileSystemType.ExFat => Second / 100,
        FileSystemType.HfsPlus or FileSystemType.Reiserfs => Second,

        // Inodes of 128 bytes have room neither for the time of birth nor for fractions of a second.
        FileSystemType.Ext when !hasBirthTime => Second,
        FileSystemType.Ntfs or FileSystemType.Cifs or FileSystemType.Smb2 => 100,
        FileSystemType.Udf => 1000,
        _ => 1,
    };

    private static long UnitOf(SafeHandle item)
    {
        var type = (FileSystemType)LibC.FileSystemType(item).Value;
        return UnitOf(type, type != FileSystemType.Ext || LibC.HasBirthTime(item));
    }
}
