using Splice.Errors;

namespace Splice;

/// <summary>A call that failed and is made again.</summary>
/// <param name="Source">The source of the copy.</param>
/// <param name="Destination">Its destination.</param>
/// <param name="Errno">What the kernel said.</param>
/// <param name="Attempt">Which of the tries in a row comes now: 1 or more.</param>
/// <param name="RetryCount">How many there may be.</param>
public readonly record struct TransferRetry(string Source, string Destination, Errno Errno, int Attempt, int RetryCount)
{
    /// <summary>For example "EIO: Input/output error, try 1 of 3".</summary>
    /// <returns>The retry in one line.</returns>
    public override string ToString() => $"{ErrnoText.Describe(Errno)}, try {Attempt} of {RetryCount}";
}
