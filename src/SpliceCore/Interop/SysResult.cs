using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Splice.Interop;

/// <summary>What a system call answered: a value, or the errno read at once after it.</summary>
internal readonly record struct SysResult(long Value, Errno Errno)
{
    public bool Ok => Errno == Errno.None;

    /// <summary>Wraps a return value, where -1 means that errno tells why. Counts the call.</summary>
    /// <param name="value">The return value.</param>
    /// <param name="call">The compiler gives it.</param>
    public static SysResult From(nint value, [CallerArgumentExpression(nameof(value))] string call = "")
    {
        SysResult result = value >= 0 ? new(value, Errno.None) : new(-1, (Errno)Marshal.GetLastPInvokeError());
        SystemCallCount.Add(call, result.Value, result.Errno);
        return result;
    }

    /// <summary>Wraps the answer of a function that returns the errno itself, and 0 for none. Counts the call.</summary>
    /// <param name="errno">The answer.</param>
    /// <param name="value">What it gave besides.</param>
    /// <param name="call">The compiler gives it.</param>
    public static SysResult FromErrno(int errno, long value = 0, [CallerArgumentExpression(nameof(errno))] string call = "")
    {
        SysResult result = errno == 0 ? new(value, Errno.None) : new(-1, (Errno)errno);
        SystemCallCount.Add(call, result.Value, result.Errno);
        return result;
    }
}
