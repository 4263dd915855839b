using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>splice(2) where one side is a pipe already.</summary>
internal sealed class DirectSpliceMethod(Descriptor source, Descriptor destination, SpliceFlags flags) : ITransferMethod
{
    public TransferMethod Kind => TransferMethod.Splice;

    public bool NeverWaitsOn(TransferSide side) =>
        (side == TransferSide.Source ? source : destination).Kind == DescriptorKind.Fifo;

    public StepResult Step(TransferCursor at, long count)
    {
        SysResult result = LibC.Splice(
            source.Handle, at.SourceOffset, destination.Handle, at.DestinationOffset, count, flags | SpliceFlags.NonBlock);
        return result switch
        {
            { Ok: false } => StepResult.From(result.Errno, SideOf(result.Errno), Kind),
            { Value: 0 } => StepResult.EndOfData,
            _ => StepResult.Moved(result.Value),
        };
    }

    public void Dispose()
    {
    }

    /// <summary>Only a socket's connection can be reset, and where the source is one, the destination is a pipe.</summary>
    private TransferSide SideOf(Errno errno) =>
        errno == Errno.ECONNRESET && source.Kind == DescriptorKind.Socket ? TransferSide.Source : TransferSide.Unknown;
}
