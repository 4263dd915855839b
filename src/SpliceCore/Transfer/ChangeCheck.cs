using System.Buffers;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Whether somebody wrote to a source while it was copied: then the copy is of no one moment.</summary>
internal static class ChangeCheck
{
    private const int BufferSize = 256 * 1024;

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
        bool isSnapshot = tally.BytesReflinked == spec.Length && spec.Length <= ReflinkMethod.LargestStep;
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
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            foreach (Extent extent in Extent.Walk(source.Handle, offset, length))
            {
                long read = extent.IsHole ? extent.Length : 0;
                while (read < extent.Length)
                {
                    int wanted = (int)Math.Min(BufferSize, extent.Length - read);
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
