using System.Buffers;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Whether somebody wrote to a source while it was copied: then the copy is of no one moment.</summary>
internal static class ChangeCheck
{
    /// <summary>Compares what is to be seen of the source now with what was to be seen at first.</summary>
    /// <param name="source">The source, as it was at first.</param>
    /// <param name="destination">The finished copy.</param>
    /// <param name="spec">What was copied.</param>
    /// <param name="tally">How it was copied.</param>
    /// <param name="extents">The sum of the extents that the source had; null where they did not matter.</param>
    /// <exception cref="TransferException">It changed.</exception>
    public static void Check(
        Descriptor source, Descriptor destination, TransferSpec spec, TransferTally tally, ulong? extents)
    {
        if (spec.AllowsChanging || !spec.RequiresAll || !CanTell(source, destination, spec, tally)
            || !LibC.Statx(source.Handle, out LibC.StatxBuffer now).Ok)
        {
            return;
        }

        long size = (long)now.Size;
        if (size < source.Size && size < spec.Offset + spec.Length)
        {
            throw EndCheck.Truncated(source, size);
        }

        string? change = Change(source, now)
            ?? (HasNewData(source, destination, spec, extents) ? "there are data now where a hole was" : null);
        if (change is not null)
        {
            throw Changed(source, change);
        }
    }

    /// <summary>Compares size and time of a file with what they were at first.</summary>
    /// <exception cref="TransferException">They are others.</exception>
    public static void Unchanged(Descriptor source, bool allowsChanging)
    {
        if (!allowsChanging && source.Kind == DescriptorKind.Regular
            && LibC.Statx(source.Handle, out LibC.StatxBuffer now).Ok && Change(source, now) is string change)
        {
            throw Changed(source, change);
        }
    }

    /// <summary>What the kernel generates has the time of the moment, and so may other files that report a size of 0.</summary>
    private static string? Change(Descriptor source, in LibC.StatxBuffer now)
    {
        LibC.StatxTimestamp time = source.Status.ModificationTime;
        bool isSameTime = (now.ModificationTime.Seconds, now.ModificationTime.Nanoseconds) == (time.Seconds, time.Nanoseconds);
        return (long)now.Size != source.Status.Size ? $"it had {ByteText.Of(source.Status.Size)} at first, and has {now.Size} now"
            : source.Size > 0 && !isSameTime ? "its modification time is another now"
            : null;
    }

    private static TransferException Changed(Descriptor source, string change) => new(TransferErrorId.SourceChanged,
        $"'{source.Name}' changed while it was copied: {change}.",
        ["Copy it again when no other process writes to it, or use -AllowChanging to copy what is there.",
            "Copy it again when no other process writes to it."],
        target: source.Name);

    /// <summary>What we write ourselves is no change, and blocks that were shared by a single call are all of one
    /// moment.</summary>
    private static bool CanTell(Descriptor source, Descriptor destination, TransferSpec spec, TransferTally tally)
    {
        bool isSnapshot = tally.BytesReflinked == spec.Length && spec.Length <= Tuning.LargestReflink;
        return source.Kind == DescriptorKind.Regular && !isSnapshot
            && (destination.IsNew || source.Status.Identity != destination.Status.Identity);
    }

    /// <summary>On tmpfs a store through a mapping can leave the times as they are, but a hole it stores into is none any
    /// more. Other extents alone prove nothing: what was reserved and never written (fallocate) counts as data once
    /// somebody has read it. So the bytes themselves are looked at, where the copy has holes.</summary>
    private static bool HasNewData(Descriptor source, Descriptor destination, TransferSpec spec, ulong? extents)
    {
        if (extents is null || FileSystemTypes.Of(source.Handle).TimesMappedStores() || extents == Sum(source, spec.Offset!.Value, spec.Length!.Value))
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
            foreach (Extent extent in Extent.Walk(source.Handle, offset, length))
            {
                long read = extent.IsHole ? extent.Length : 0;
                while (read < extent.Length)
                {
                    int wanted = (int)Math.Min(Tuning.BufferSize, extent.Length - read);
                    SysResult result = LibC.Read(source.Handle, buffer.AsSpan(0, wanted), extent.Offset + read);
                    if (result.Value <= 0)
                    {
                        break;
                    }

                    if (buffer.AsSpan(0, (int)result.Value).ContainsAnyExcept((byte)0))
                    {
                        return true;
                    }

                    read += result.Value;
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

/// <summary>Whether a transfer that ended had all that it was to move.</summary>
internal static class EndCheck
{
    /// <summary>Looks whether less came than was to come.</summary>
    /// <exception cref="TransferException">Less came.</exception>
    public static void Check(
        TransferStatus end, Descriptor source, Descriptor destination, TransferSpec spec, TransferTally tally)
    {
        if (end == TransferStatus.WouldBlock && spec.RequiresAll)
        {
            throw new TransferException(TransferErrorId.WouldBlock,
                $"Only {ByteText.Of(tally.BytesCopied)} could be copied from '{source.Name}' to '{destination.Name}' without waiting.",
                "Leave the flag NonBlock out to wait for the rest.",
                Errno.EAGAIN, source.Name);
        }

        if (end != TransferStatus.EndOfData)
        {
            bool isToEnd = spec is { RequiresAll: true, RequestedCount: null } && source is { Kind: DescriptorKind.Regular, Size: > 0 }
                && spec.Offset + spec.Length == source.Size;
            if (isToEnd && !(spec.SourceFileSystem ?? FileSystemTypes.Of(source.Handle)).IsLocal() && IsLongerThanItsSize(source))
            {
                throw LongerThanItsSize(source);
            }

            return;
        }

        // A size of 0 promises nothing: only the end of such a file tells how many bytes it has.
        if (source is { Kind: DescriptorKind.Regular, Size: > 0 } && spec.Length.HasValue)
        {
            FileStatus.TryGet(source.Handle, out FileStatus? now);
            throw now?.Size >= source.Size ? EndedBeforeItsSize(source) : Truncated(source, now?.Size);
        }

        if (spec.RequiresAll && tally.BytesCopied < spec.RequestedCount)
        {
            throw new TransferException(TransferErrorId.CountPastEnd,
                $"'{source.Name}' ended after {ByteText.Of(tally.BytesCopied)}, and {spec.RequestedCount} were requested.",
                ["Leave -Count out to copy up to the end.", "Copy it again when no other process writes to it."],
                target: source.Name);
        }
    }

    /// <summary>A 0 of a call that moves bytes is no proof of the end (old procfs, go#44272), unless it is read(2). Nothing
    /// moved, so another method may go on from here.</summary>
    public static bool IsSpuriousEof(TransferMethod method, Descriptor source, TransferCursor at)
    {
        if (method is TransferMethod.ReadWrite or TransferMethod.Reflink || at.SourceOffset is not long offset)
        {
            return false;
        }

        Span<byte> one = stackalloc byte[1];
        return LibC.Read(source.Handle, one, offset).Value > 0;
    }

    /// <summary>True if a file that was read up to its size has more bytes, as one of a FUSE file system that reports a wrong size
    /// may. One that has grown meanwhile has another size by then.</summary>
    public static bool IsLongerThanItsSize(Descriptor source) =>
        source is { Kind: DescriptorKind.Regular, IsSeekable: true, Size: > 0 } && RangeCheck.HasByteAt(source.Handle, source.Size)
        && FileStatus.TryGet(source.Handle, out FileStatus? now).Ok && now!.Size == source.Size;

    /// <summary>The source has more bytes than its size says.</summary>
    public static TransferException LongerThanItsSize(Descriptor source) => new(TransferErrorId.SourceChanged,
        $"'{source.Name}' has more bytes than the {ByteText.Of(source.Size)} that its file system reports as its size.",
        $"Use {WithoutSize(source)}",
        target: source.Name);

    /// <summary>The source became shorter than what was to be copied.</summary>
    public static TransferException Truncated(Descriptor source, long? size) => new(TransferErrorId.SourceTruncated,
        $"'{source.Name}' became shorter while it was copied: {ByteText.Of(source.Size)} at first, {size} now.",
        "Copy it again when no other process writes to it.",
        target: source.Name);

    /// <summary>The source has fewer bytes than its size says, and nothing shows that it had more before.</summary>
    private static TransferException EndedBeforeItsSize(Descriptor source) => new(TransferErrorId.SourceTruncated,
        $"'{source.Name}' ended before the {ByteText.Of(source.Size)} that its file system reports as its size.",
        $"Copy it again when no other process writes to it. If the size is wrong, use {WithoutSize(source)}",
        target: source.Name);

    private static string WithoutSize(Descriptor source) =>
        $"Invoke-PipelineZeroCopy {{ cat '{source.Name}' }} -OutputPath with the destination, which reads up to the end.";
}
