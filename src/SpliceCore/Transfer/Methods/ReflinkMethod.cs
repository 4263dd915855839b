using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Shares blocks. A step clones a range that <see cref="ReflinkRange"/> has lined up.</summary>
internal sealed class ReflinkMethod(Descriptor source, Descriptor destination) : ITransferMethod
{
    /// <summary>No byte is moved, so a step may be large: a multiple of every block size.</summary>
    public const long LargestStep = 16L << 30;

    public TransferMethod Kind => TransferMethod.Reflink;

    public long StepLimit(long timed) => LargestStep;

    public StepResult Step(TransferCursor at, long count)
    {
        bool isWhole = source.Size == 0 || (count == source.Size && at is { SourceOffset: 0, DestinationOffset: 0 });
        if (isWhole && destination.Size == 0)
        {
            return CloneWhole(source.Size);
        }

        if (source.Size == 0)
        {
            return CloneNothing(at.DestinationOffset.GetValueOrDefault());
        }

        SysResult result = LibC.CloneFileRange(
            source.Handle, at.SourceOffset.GetValueOrDefault(), count,
            destination.Handle, at.DestinationOffset.GetValueOrDefault());
        return result.Ok
            ? StepResult.Moved(count)
            : StepResult.From(result.Errno, TransferSide.Unknown, Kind);
    }

    public void Dispose()
    {
    }

    /// <summary>Unlike a range, the whole file can be cloned also while it grows; what came later is cut off again. One
    /// that was cut short meanwhile has come to its end: nothing of it is kept.</summary>
    private StepResult CloneWhole(long count)
    {
        SysResult result = LibC.CloneFile(source.Handle, destination.Handle);
        FileStatus? cloned = null;
        if (result.Ok)
        {
            result = FileStatus.TryGet(destination.Handle, out cloned);
        }

        bool isShorter = cloned?.Size < count;
        if (result.Ok && cloned!.Size != count)
        {
            result = LibC.Truncate(destination.Handle, isShorter ? 0 : count);
        }

        return result switch
        {
            { Ok: false } => StepResult.From(result.Errno, TransferSide.Unknown, Kind),
            _ when isShorter || count == 0 => StepResult.EndOfData,
            _ => StepResult.Moved(count),
        };
    }

    /// <summary>An empty file has no range to name, but a length of 0 means up to its end. What came meanwhile is cut off
    /// again.</summary>
    private StepResult CloneNothing(long offset)
    {
        SysResult result = LibC.CloneFileRange(source.Handle, 0, 0, destination.Handle, offset);
        if (result.Ok && FileStatus.TryGet(destination.Handle, out FileStatus? cloned).Ok && cloned!.Size > destination.Size)
        {
            result = LibC.Truncate(destination.Handle, destination.Size);
        }

        return result.Ok ? StepResult.EndOfData : StepResult.From(result.Errno, TransferSide.Unknown, Kind);
    }
}
