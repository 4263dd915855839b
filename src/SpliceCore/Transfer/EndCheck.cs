using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Whether a transfer that ended had all that it was to move.</summary>
internal static class EndCheck
{
    /// <summary>Looks whether less came than was to come.</summary>
    /// <exception cref="TransferException">Less came.</exception>
    public static void Check(
        LoopEnd end, Descriptor source, Descriptor destination, TransferSpec spec, TransferTally tally)
    {
        if (end == LoopEnd.WouldBlock && spec.RequiresAll)
        {
            throw new TransferException(TransferErrorId.WouldBlock,
                $"Only {ByteText.Of(tally.BytesCopied)} could be copied from '{source.Name}' to '{destination.Name}' without waiting.",
                "Leave the flag NonBlock out to wait for the rest.",
                Errno.EAGAIN, source.Name);
        }

        if (end != LoopEnd.EndOfData)
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
    public static bool IsFalse(TransferMethod method, Descriptor source, TransferCursor at)
    {
        if (method is TransferMethod.ReadWrite or TransferMethod.Reflink || at.SourceOffset is not long offset)
        {
            return false;
        }

        Span<byte> one = stackalloc byte[1];
        return LibC.Read(source.Handle, one, offset).Value > 0;
    }

    /// <summary>Whether a file that was read up to its size has more bytes, as one of a FUSE file system that reports a wrong size
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
