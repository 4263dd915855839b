namespace Splice;

/// <summary>A transfer that did not come to its end, with what is known of it.</summary>
public sealed class TransferException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="id">What went wrong.</param>
    /// <param name="message">What, where, why, and what to do about it.</param>
    /// <param name="errno">What the kernel said; <see cref="Splice.Errno.None"/> where it was not asked.</param>
    /// <param name="target">The path or descriptor that the error is about.</param>
    public TransferException(TransferErrorId id, string message, Errno errno = Errno.None, string? target = null)
        : base(message)
    {
        Id = id;
        Errno = errno;
        Target = target;
    }

    /// <summary>What went wrong.</summary>
    public TransferErrorId Id { get; }

    /// <summary>What the kernel said; <see cref="Splice.Errno.None"/> where it was not asked.</summary>
    public Errno Errno { get; }

    /// <summary>The path or descriptor that the error is about.</summary>
    public string? Target { get; }

    /// <summary>Where verification found the first byte that is not the source's, in bytes from the destination's start; null
    /// for all other errors.</summary>
    public long? DifferenceOffset { get; internal init; }

    /// <summary>How far the transfer had got; null where it failed before its first byte was asked for.</summary>
    public TransferResult? Partial { get; internal set; }

    /// <summary>How the commands of a pipeline ended; null for all other errors.</summary>
    public PipelineResult? Pipeline { get; internal init; }

    /// <summary>How far a transfer to or from another host had got; null for all other errors.</summary>
    public RemoteTransferResult? Remote { get; private init; }

    /// <summary>The same with what is known of a host.</summary>
    internal TransferException With(RemoteTransferResult remote) =>
        new(Id, Message, Errno, Target) { Partial = Partial, DifferenceOffset = DifferenceOffset, Pipeline = Pipeline, Remote = remote };

    /// <summary>The same with one more sentence in the message.</summary>
    internal TransferException Adding(string sentence) =>
        new(Id, $"{Message} {sentence}", Errno, Target) { Partial = Partial, DifferenceOffset = DifferenceOffset, Pipeline = Pipeline, Remote = Remote };
}
