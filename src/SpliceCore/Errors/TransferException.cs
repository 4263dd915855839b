namespace Splice;

/// <summary>A transfer that did not come to its end, with what is known of it.</summary>
public sealed class TransferException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="id">What went wrong.</param>
    /// <param name="problem">What, where and why, in sentences.</param>
    /// <param name="cure">What to do about it, in sentences.</param>
    /// <param name="errno">What the kernel said; <see cref="Splice.Errno.None"/> where it was not asked.</param>
    /// <param name="target">The path or descriptor that the error is about.</param>
    /// <exception cref="ArgumentException">There is no cure: an error that nobody can do something about helps nobody.</exception>
    public TransferException(TransferErrorId id, string problem, string cure, Errno errno = Errno.None, string? target = null)
        : base($"{problem} {cure}")
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(problem);
        ArgumentException.ThrowIfNullOrWhiteSpace(cure);
        Id = id;
        Problem = problem;
        RecommendedAction = cure;
        Errno = errno;
        Target = target;
    }

    /// <summary>What went wrong.</summary>
    public TransferErrorId Id { get; }

    /// <summary>What, where and why: the message without its last part, the <see cref="RecommendedAction"/>.</summary>
    public string Problem { get; }

    /// <summary>What to do about it, in sentences; never empty.</summary>
    public string RecommendedAction { get; }

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
        new(Id, Problem, RecommendedAction, Errno, Target) { Partial = Partial, DifferenceOffset = DifferenceOffset, Pipeline = Pipeline, Remote = remote };

    /// <summary>The same with one more sentence on what has happened.</summary>
    internal TransferException Adding(string sentence) =>
        new(Id, $"{Problem} {sentence}", RecommendedAction, Errno, Target) { Partial = Partial, DifferenceOffset = DifferenceOffset, Pipeline = Pipeline, Remote = Remote };
}
