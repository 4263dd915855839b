using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>sendfile(2). It writes at the destination's own position, which is put where the cursor says.</summary>
internal sealed class SendFileMethod(Descriptor source, Descriptor destination) : ITransferMethod
{
    private long? _destinationPosition = destination.Position;

    public TransferMethod Kind => TransferMethod.SendFile;

    public StepResult Step(TransferCursor at, long count)
    {
        if (at.DestinationOffset is long offset && offset != _destinationPosition)
        {
            SysResult seek = LibC.Seek(destination.Handle, offset, SeekOrigin.Begin);
            if (!seek.Ok)
            {
                return StepResult.From(seek.Errno, TransferSide.Destination, Kind);
            }
        }

        SysResult result = LibC.SendFile(destination.Handle, source.Handle, at.SourceOffset.GetValueOrDefault(), count);
        _destinationPosition = at.DestinationOffset + Math.Max(result.Value, 0);
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
