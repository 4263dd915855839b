namespace Splice.Transfer;

/// <summary>How a step ended.</summary>
internal enum StepKind
{
    /// <summary>Bytes arrived at the destination; less than asked for is normal.</summary>
    Moved,

    /// <summary>Bytes of the source were zeros and became a hole in the destination.</summary>
    BecameHole,

    /// <summary>The source has no more.</summary>
    EndOfData,

    /// <summary>One end must be waited for; which one is in the side, if the kernel tells.</summary>
    WouldBlock,

    /// <summary>A signal came first. Nothing moved.</summary>
    Interrupted,

    /// <summary>The method does not serve for this pair. Nothing is lost.</summary>
    NotSupported,

    /// <summary>A real error.</summary>
    Failed,
}

/// <summary>What one step of a method did.</summary>
internal readonly record struct StepResult(StepKind Kind, long Bytes, Errno Errno, TransferSide Side)
{
    public static StepResult EndOfData => new(StepKind.EndOfData, 0, Errno.None, TransferSide.Source);

    public static StepResult Moved(long bytes) => new(StepKind.Moved, bytes, Errno.None, TransferSide.Unknown);

    public static StepResult BecameHole(long bytes) => new(StepKind.BecameHole, bytes, Errno.None, TransferSide.Unknown);

    /// <summary>Sorts an errno by the method's own table: what is in it is no error but a refusal.</summary>
    public static StepResult From(Errno errno, TransferSide side, TransferMethod method) => errno switch
    {
        Errno.EINTR => new(StepKind.Interrupted, 0, errno, side),
        Errno.EAGAIN => new(StepKind.WouldBlock, 0, errno, side),
        _ when Refusals.Explain(method, errno) is not null => new(StepKind.NotSupported, 0, errno, side),
        _ => new(StepKind.Failed, 0, errno, side),
    };
}
