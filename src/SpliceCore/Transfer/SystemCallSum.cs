namespace Splice;

/// <summary>System calls of one name that ended alike.</summary>
/// <param name="Name">The call, for example copy_file_range.</param>
/// <param name="Errno">Why they failed; <see cref="Splice.Errno.None"/> for those that did not.</param>
/// <param name="Count">How many.</param>
/// <param name="Bytes">The bytes that they moved; null for calls that move none, or failed.</param>
public sealed record SystemCallSum(string Name, Errno Errno, long Count, long? Bytes)
{
    /// <summary>For example "copy_file_range: 16 calls, 1073741824 bytes", or "ioctl: 1 call, EOPNOTSUPP".</summary>
    /// <returns>The calls in one line.</returns>
    public override string ToString()
    {
        string calls = Count == 1 ? "1 call" : $"{Count} calls";
        string end = Errno != Errno.None ? $", {Errno}" : Bytes is long bytes ? $", {bytes} bytes" : string.Empty;
        return $"{Name}: {calls}{end}";
    }
}
