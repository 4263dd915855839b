namespace Splice;

/// <summary>A method that was tried, or looked at, and did not serve.</summary>
/// <param name="Method">The method.</param>
/// <param name="Errno">What the kernel said; <see cref="Splice.Errno.None"/> where it was not asked.</param>
/// <param name="Reason">Why the method does not serve here.</param>
public sealed record MethodAttempt(TransferMethod Method, Errno Errno, string Reason)
{
    /// <summary>For example "Reflink: EOPNOTSUPP, the file system cannot share blocks".</summary>
    /// <returns>The attempt in one line.</returns>
    public override string ToString() => Errno == Errno.None ? $"{Method}: {Reason}" : $"{Method}: {Errno}, {Reason}";
}
