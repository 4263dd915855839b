using Splice.Descriptors;
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
                $"Only {tally.BytesCopied} bytes could be copied from '{source.Name}' to '{destination.Name}' without waiting.",
                "Leave the flag NonBlock out to wait for the rest.",
                Errno.EAGAIN, source.Name);
        }

        if (end != LoopEnd.EndOfData)
        {
            return;
        }

        FileStatus.TryGet(source.Handle, out FileStatus? now);
        bool isShorter = now?.Size < source.Size && now.Size < spec.Offset + spec.Length;

        // A size without blocks is a generated file's, and was never true: sysfs says 4096 for all.
        bool endedEarly = spec.Length.HasValue && source.Status.AllocatedBytes > 0;
        if (source.Kind == DescriptorKind.Regular && (isShorter || endedEarly))
        {
            throw Truncated(source, now?.Size);
        }

        if (spec.RequiresAll && tally.BytesCopied < spec.RequestedCount)
        {
            throw new TransferException(TransferErrorId.CountPastEnd,
                $"'{source.Name}' ended after {tally.BytesCopied} bytes, and {spec.RequestedCount} were asked for.",
                "Leave -Count out to copy up to the end.",
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

    /// <summary>The source became shorter than what was to be copied.</summary>
    public static TransferException Truncated(Descriptor source, long? size) => new(TransferErrorId.SourceTruncated,
        $"'{source.Name}' became shorter while it was copied: {source.Size} bytes at first, {size} now.",
        "Copy it again when nobody writes to it.",
        target: source.Name);
}
