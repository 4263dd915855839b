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

/// <summary>One way to move bytes. It knows a single step and nothing of retries, waiting or counting.</summary>
internal interface ITransferMethod : IDisposable
{
    TransferMethod Kind { get; }

    /// <summary>The most bytes that a step may take, given what now takes a short time where bytes are moved.</summary>
    long StepLimit(long timed) => timed;

    /// <summary>The fewest bytes that a step needs to get on.</summary>
    long SmallestStep => 1;

    /// <summary>Bytes that have left the source and are not yet at the destination.</summary>
    long BytesInHand => 0;

    /// <summary>True if the method itself never waits on this side, whatever mode the descriptor is in.</summary>
    bool NeverWaitsOn(TransferSide side) => false;

    /// <summary>Moves up to <paramref name="count"/> bytes.</summary>
    StepResult Step(TransferCursor at, long count);
}
