using System.Text.RegularExpressions;

namespace Splice;

/// <summary>An error of a transfer: its id, what failed, and what to do about it.</summary>
public sealed partial class TransferException : IOException
{
    private const string NoAction = "See about_Splice_Errors.";

    private readonly IReadOnlyList<string> _recommendedActions;

    /// <summary>Creates the exception.</summary>
    /// <param name="id">The id of the error.</param>
    /// <param name="problem">The failure, its target and its reason, in sentences.</param>
    /// <param name="recommendedAction">The recommended action, in sentences.</param>
    /// <param name="errno">The kernel's error number; <see cref="Splice.Errno.None"/> where no call failed.</param>
    /// <param name="target">The path or descriptor that the error is about.</param>
    /// <exception cref="ArgumentException">The problem or the recommended action is empty.</exception>
    public TransferException(TransferErrorId id, string problem, string recommendedAction, Errno errno = Errno.None, string? target = null)
        : this(id, problem, [recommendedAction], errno, target)
    {
    }

    /// <summary>Creates the exception with several recommended actions, of which a cmdlet shows the first whose parameters it
    /// has: the best first; the last names no parameter.</summary>
    internal TransferException(
        TransferErrorId id, string problem, IReadOnlyList<string> recommendedActions, Errno errno = Errno.None, string? target = null)
        : base($"{problem} {recommendedActions[0]}")
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(problem);
        ArgumentException.ThrowIfNullOrWhiteSpace(recommendedActions[0]);
        Id = id;
        Problem = problem;
        Errno = errno;
        Target = target;
        _recommendedActions = recommendedActions;
    }

    private TransferException(TransferException other, string problem, IReadOnlyList<string> recommendedActions, string? target)
        : this(other.Id, problem, recommendedActions, other.Errno, target)
    {
        Partial = other.Partial;
        DifferenceOffset = other.DifferenceOffset;
    }

    /// <summary>The id of the error.</summary>
    public TransferErrorId Id { get; }

    /// <summary>The failure, its target and its reason: the message without the <see cref="RecommendedAction"/> at its end.</summary>
    public string Problem { get; }

    /// <summary>The recommended action, in sentences; never empty.</summary>
    public string RecommendedAction => _recommendedActions[0];

    /// <summary>The kernel's error number; <see cref="Splice.Errno.None"/> where no call failed.</summary>
    public Errno Errno { get; }

    /// <summary>The path or descriptor that the error is about.</summary>
    public string? Target { get; }

    /// <summary>Offset in the destination of the first byte that differs from the source; null unless verification failed.</summary>
    public long? DifferenceOffset { get; internal init; }

    /// <summary>The progress before the error: a <c>TransferResult</c>, for native pipelines a <c>PipelineResult</c>, for hosts a
    /// <c>RemoteTransferResult</c>; null where it failed before its first byte.</summary>
    public object? Partial { get; internal set; }

    /// <summary>Returns the same error with how far the operation had got.</summary>
    internal TransferException With(object partial) => new(this, Problem, _recommendedActions, Target) { Partial = partial };

    /// <summary>Returns the same error with one more sentence on what has happened.</summary>
    internal TransferException Adding(string sentence) => WithProblem($"{Problem} {sentence}", Target);

    /// <summary>Returns the same error with another problem and target.</summary>
    internal TransferException WithProblem(string problem, string? target) => new(this, problem, _recommendedActions, target);

    /// <summary>Returns the error for a cmdlet: it recommends only parameters that the cmdlet has.</summary>
    /// <param name="hasParameter">True if the cmdlet has a parameter.</param>
    /// <returns>This exception, or one with another recommended action.</returns>
    public TransferException For(Func<string, bool> hasParameter)
    {
        string action = _recommendedActions.FirstOrDefault(action => ParametersOf(action).All(hasParameter)) ?? NoAction;
        return action == RecommendedAction ? this : new(this, Problem, [action], Target);
    }

    // Parameters that follow the name of a command are that command's.
    private static IEnumerable<string> ParametersOf(string action) => SentenceEnd().Split(action)
        .SelectMany(sentence => Parameter().Matches(Command().Split(sentence)[0]))
        .Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"(?<=[.:;]) ")]
    private static partial Regex SentenceEnd();

    [GeneratedRegex(@"\b[A-Z][a-z]+-[A-Z]\w+")]
    private static partial Regex Command();

    [GeneratedRegex(@"(?<![\w-])-([A-Z]\w+)")]
    private static partial Regex Parameter();
}
