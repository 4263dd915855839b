using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>copy_file_range(2), at explicit offsets on both sides.</summary>
internal sealed class CopyFileRangeMethod(Descriptor source, Descriptor destination) : ITransferMethod
{
    public TransferMethod Kind => TransferMethod.CopyFileRange;

    public StepResult Step(TransferCursor at, long count)
    {
        SysResult result = LibC.CopyFileRange(
            source.Handle, at.SourceOffset.GetValueOrDefault(),
            destination.Handle, at.DestinationOffset.GetValueOrDefault(), count);
        return result switch
        {
            { Ok: false } => StepResult.From(result.Errno, TransferSide.Unknown, Kind),
            { Value: 0 } => StepResult.EndOfData,
            _ => StepResult.Moved(result.Value),
        };
    }

    public void Dispose()
    {
    }
}
