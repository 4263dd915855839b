using System.Buffers;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Detects writes to a source while it was copied: then the copy is not of one point in time.</summary>
internal static class ChangeCheck
{
    /// <summary>Compares the source with its status before the copy.</summary>
    /// <param name="extents">The sum of the extents that the source had; null if it is a copy without holes.</param>
    public static void Check(
        Descriptor source, Descriptor destination, TransferSpec spec, TransferCounters counters, ulong? extents)
    {
        // Blocks that a single call shared are of one point in time; what we write to the source ourselves is not a change.
        bool isSnapshot = spec.OldContent is null && counters.BytesReflinked == spec.Length && spec.Length <= Tuning.LargestReflink;
        if (spec.AllowsChanging || !spec.RequiresAll || source.Kind != DescriptorKind.Regular || isSnapshot
            || (!destination.IsNew && source.Status.Identity == destination.Status.Identity))
        {
            return;
        }

        LibC.StatxBuffer now = Look(source);
        long size = (long)now.Size;
        if (size < source.Size && size < spec.Offset + spec.Length)
        {
            throw EndCheck.Truncated(source, size);
        }

        string? change = Change(source, now)
            ?? (HasNewData(source, destination, spec, extents) ? "a hole was filled with data" : null);
        if (change is not null)
        {
            throw Changed(source, change);
        }
    }

    /// <exception cref="TransferException">The size or modification time of the source changed.</exception>
    public static void ThrowIfSourceChanged(Descriptor source, bool allowsChanging)
    {
        if (!allowsChanging && source.Kind == DescriptorKind.Regular && Change(source, Look(source)) is string change)
        {
            throw Changed(source, change);
        }
    }

    private static LibC.StatxBuffer Look(Descriptor source)
    {
        SysResult looked = LibC.Statx(source.Handle, out LibC.StatxBuffer now);
        return looked.Ok ? now : throw new TransferException(TransferErrorId.ReadFailed,
            $"Could not check whether '{source.Name}' changed while it was copied (statx(2), {ErrnoText.Describe(looked.Errno)}).",
            "Check the kernel log (dmesg), and copy it again.",
            looked.Errno, source.Name);
    }

    // Generated files have the current time as theirs, as other files with a size of 0 may.
    private static string? Change(Descriptor source, in LibC.StatxBuffer now)
    {
        LibC.StatxTimestamp time = source.Status.ModificationTime;
        bool isSameTime = (now.ModificationTime.Seconds, now.ModificationTime.Nanoseconds) == (time.Seconds, time.Nanoseconds);
        return (long)now.Size != source.Status.Size ? $"its size changed from {ByteText.Exact(source.Status.Size)} to {ByteText.Exact((long)now.Size)}"
            : source.Size > 0 && !isSameTime ? "its modification time changed"
            : null;
    }

    private static TransferException Changed(Descriptor source, string change) => new(TransferErrorId.SourceChanged,
        $"'{source.Name}' changed while it was copied: {change}.",
        ["Copy it again while no other process writes to it, or use -AllowChanging to copy its current content.",
            "Copy it again while no other process writes to it."],
        target: source.Name);

    /// <summary>On tmpfs, a store through a mapping may not update the times, but it fills a hole. Different extents alone prove
    /// nothing: a reserved range (fallocate) counts as data once it has been read. So the bytes are compared where the copy has
    /// holes.</summary>
    private static bool HasNewData(Descriptor source, Descriptor destination, TransferSpec spec, ulong? extents)
    {
        if (extents is null || (spec.SourceFileSystem ?? source.FileSystem).UpdatesMTimeOnMmapStore() || extents == Sum(source, spec.Offset!.Value, spec.Length!.Value))
        {
            return false;
        }

        long shift = spec.Offset.Value - spec.DestinationOffset!.Value;
        foreach (Extent hole in Extent.Walk(destination.Handle, spec.DestinationOffset.Value, spec.Length.Value))
        {
            if (hole.IsHole && HasNonZero(source, hole.Offset + shift, hole.Length))
            {
                return true;
            }
        }

        return false;
    }

    private static ulong Sum(Descriptor source, long offset, long length)
    {
        var sum = default(ExtentSum);
        foreach (Extent extent in Extent.Walk(source.Handle, offset, length))
        {
            sum.Add(extent);
        }

        return sum.Value;
    }

    private static bool HasNonZero(Descriptor source, long offset, long length)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Tuning.BufferSize);
        try
        {
            foreach (Extent extent in Extent.Walk(source.Handle, offset, length).Where(extent => !extent.IsHole))
            {
                for (long at = extent.Offset, end = extent.Offset + extent.Length; at < end;)
                {
                    Span<byte> room = buffer.AsSpan(0, (int)Math.Min(Tuning.BufferSize, end - at));
                    int read = (int)LibC.Read(source.Handle, room, at).Value;
                    if (read > 0 && room[..read].ContainsAnyExcept((byte)0))
                    {
                        return true;
                    }

                    at = read > 0 ? at + read : end;
                }
            }

            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

/// <summary>Checks that a finished transfer moved all bytes.</summary>
internal static class EndCheck
{
    public static void Check(
        TransferStatus end, Descriptor source, Descriptor destination, TransferSpec spec, TransferCounters counters)
    {
        if (end == TransferStatus.WouldBlock && spec.RequiresAll)
        {
            throw new TransferException(TransferErrorId.WouldBlock,
                $"Only {ByteText.Of(counters.BytesCopied)} could be copied from '{source.Name}' to '{destination.Name}' without waiting.",
                "Omit the flag NonBlock to wait for the rest.",
                Errno.EAGAIN, source.Name);
        }

        if (end != TransferStatus.EndOfData)
        {
            bool isToEnd = spec is { RequiresAll: true, RequestedCount: null } && source is { Kind: DescriptorKind.Regular, Size: > 0 }
                && spec.Offset + spec.Length == source.Size;
            if (isToEnd && !(spec.SourceFileSystem ?? source.FileSystem).IsLocal() && IsLongerThanItsSize(source))
            {
                throw LongerThanItsSize(source);
            }

            return;
        }

        // A file with a size of 0 may have bytes.
        if (source is { Kind: DescriptorKind.Regular, Size: > 0 } && spec.Length.HasValue)
        {
            FileStatus.TryGet(source.Handle, out FileStatus? now);
            throw now?.Size >= source.Size ? EndedBeforeItsSize(source) : Truncated(source, now?.Size);
        }

        if (spec.RequiresAll && counters.BytesCopied < spec.RequestedCount)
        {
            throw new TransferException(TransferErrorId.CountPastEnd,
                $"'{source.Name}' ended after {ByteText.Exact(counters.BytesCopied)}, and the request was {ByteText.Exact(spec.RequestedCount!.Value)}.",
                ["Omit -Count to copy up to the end.", "Copy it again while no other process writes to it."],
                target: source.Name);
        }
    }

    /// <summary>True if a call returned 0 before the end of the file (old procfs, go#44272). Nothing moved, so another method can
    /// continue.</summary>
    public static bool IsSpuriousEof(TransferMethod method, Descriptor source, TransferCursor at) =>
        method is not (TransferMethod.ReadWrite or TransferMethod.Reflink)
            && at.SourceOffset is long offset && RangeCheck.MayHaveByteAt(source.Handle, offset);

    /// <summary>True if a file has bytes past its size, as on a FUSE file system that reports a wrong one; not if it has grown.</summary>
    public static bool IsLongerThanItsSize(Descriptor source) =>
        source is { Kind: DescriptorKind.Regular, IsSeekable: true, Size: > 0 } && RangeCheck.ReadByteAt(source.Handle, source.Size).Value > 0
        && FileStatus.TryGet(source.Handle, out FileStatus? now).Ok && now!.Size == source.Size;

    public static TransferException LongerThanItsSize(Descriptor source) => new(TransferErrorId.SourceChanged,
        $"'{source.Name}' has more bytes than the {ByteText.Exact(source.Size)} that its file system reports as its size.",
        $"Copy it {WithoutSize(source)}",
        target: source.Name);

    public static TransferException Truncated(Descriptor source, long? size) => new(TransferErrorId.SourceTruncated,
        $"'{source.Name}' became shorter while it was copied: {ByteText.Exact(source.Size)} at first{(size is long now ? $", {ByteText.Exact(now)} now" : string.Empty)}.",
        "Copy it again while no other process writes to it.",
        target: source.Name);

    private static TransferException EndedBeforeItsSize(Descriptor source) => new(TransferErrorId.SourceTruncated,
        $"'{source.Name}' ended before the {ByteText.Exact(source.Size)} that its file system reports as its size.",
        $"Copy it again while no other process writes to it. If the size is wrong, copy it {WithoutSize(source)}",
        target: source.Name);

    private static string WithoutSize(Descriptor source) =>
        $"with Invoke-PipelineZeroCopy {{ cat {PowerShellText.Quote(source.Name)} }} -OutputPath, which reads up to the end.";
}
