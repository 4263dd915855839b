using System.Text.RegularExpressions;

namespace Splice;

/// <summary>A transfer that did not come to its end, with what is known of it.</summary>
public sealed partial class TransferException : IOException
{
    private const string NoAction = "See about_Splice_Errors.";

    private readonly IReadOnlyList<string> _cures;

    /// <summary>Makes the exception.</summary>
    /// <param name="id">What went wrong.</param>
    /// <param name="problem">What, where and why, in sentences.</param>
    /// <param name="cure">What to do about it, in sentences.</param>
    /// <param name="errno">What the kernel said; <see cref="Splice.Errno.None"/> where it was not asked.</param>
    /// <param name="target">The path or descriptor that the error is about.</param>
    /// <exception cref="ArgumentException">There is no cure: an error that nobody can do something about helps nobody.</exception>
    public TransferException(TransferErrorId id, string problem, string cure, Errno errno = Errno.None, string? target = null)
        : this(id, problem, [cure], errno, target)
    {
    }

    /// <summary>Makes the exception with several recommended actions, of which a cmdlet shows the first whose parameters it
    /// has.</summary>
    /// <param name="id">What went wrong.</param>
    /// <param name="problem">What, where and why, in sentences.</param>
    /// <param name="cures">What to do about it, in sentences, the best first. The last names no parameter.</param>
    /// <param name="errno">What the kernel said; <see cref="Splice.Errno.None"/> where it was not asked.</param>
    /// <param name="target">The path or descriptor that the error is about.</param>
    internal TransferException(
        TransferErrorId id, string problem, IReadOnlyList<string> cures, Errno errno = Errno.None, string? target = null)
        : base($"{problem} {cures[0]}")
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(problem);
        ArgumentException.ThrowIfNullOrWhiteSpace(cures[0]);
        Id = id;
        Problem = problem;
        RecommendedAction = cures[0];
        Errno = errno;
        Target = target;
        _cures = cures;
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
        new(Id, Problem, _cures, Errno, Target) { Partial = Partial, DifferenceOffset = DifferenceOffset, Pipeline = Pipeline, Remote = remote };

    /// <summary>The same with one more sentence on what has happened.</summary>
    internal TransferException Adding(string sentence) => WithProblem($"{Problem} {sentence}", Target);

    /// <summary>The same with another text of what went wrong, and where.</summary>
    internal TransferException WithProblem(string problem, string? target) =>
        new(Id, problem, _cures, Errno, target) { Partial = Partial, DifferenceOffset = DifferenceOffset, Pipeline = Pipeline, Remote = Remote };

    /// <summary>The same for a cmdlet: it recommends no parameter that the cmdlet does not have.</summary>
    /// <param name="hasParameter">Whether the cmdlet has a parameter.</param>
    /// <returns>This exception, or one with another recommended action.</returns>
    public TransferException For(Func<string, bool> hasParameter)
    {
        string cure = _cures.FirstOrDefault(cure => ParametersOf(cure).All(hasParameter)) ?? NoAction;
        return cure == RecommendedAction
            ? this
            : new(Id, Problem, cure, Errno, Target) { Partial = Partial, DifferenceOffset = DifferenceOffset, Pipeline = Pipeline, Remote = Remote };
    }

    /// <summary>The parameters that a sentence names. What follows the name of a command is that command's.</summary>
    private static IEnumerable<string> ParametersOf(string cure) => SentenceEnd().Split(cure)
        .SelectMany(sentence => Parameter().Matches(Command().Split(sentence)[0]))
        .Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"(?<=[.:;]) ")]
    private static partial Regex SentenceEnd();

    [GeneratedRegex(@"\b[A-Z][a-z]+-[A-Z]\w+")]
    private static partial Regex Command();

    [GeneratedRegex(@"(?<![\w-])-([A-Z]\w+)")]
    private static partial Regex Parameter();
}
