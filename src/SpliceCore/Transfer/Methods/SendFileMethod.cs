using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>sendfile(2). It writes at the destination's own position, which is put where the cursor says at every step:
/// the source, or somebody else, may share the open file description and have moved it.</summary>
internal sealed class SendFileMethod(Descriptor source, Descriptor destination) : ITransferMethod
{
    public TransferMethod Kind => TransferMethod.SendFile;

    public StepResult Step(TransferCursor at, long count)
    {
        if (at.DestinationOffset is long offset)
        {
            SysResult seek = LibC.Seek(destination.Handle, offset, SeekOrigin.Begin);
            if (!seek.Ok)
            {
                return StepResult.From(seek.Errno, TransferSide.Destination, Kind);
            }
        }

        SysResult result = LibC.SendFile(destination.Handle, source.Handle, at.SourceOffset.GetValueOrDefault(), count);
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
