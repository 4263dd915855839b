namespace Splice.Transfer;

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

    /// <summary>Whether the method itself never waits on this side, whatever mode the descriptor is in.</summary>
    bool NeverWaitsOn(TransferSide side) => false;

    /// <summary>Moves up to <paramref name="count"/> bytes.</summary>
    StepResult Step(TransferCursor at, long count);
}
