using System.Runtime.InteropServices;

namespace Splice.Interop;

/// <summary>What a system call answered: a value, or the errno read at once after it.</summary>
internal readonly record struct SysResult(long Value, Errno Errno)
{
    public bool Ok => Errno == Errno.None;

    /// <summary>Wraps a return value, where -1 means that errno tells why. Counts the call.</summary>
    public static SysResult From(nint value)
    {
        SystemCallCount.Increment();
        return value >= 0 ? new SysResult(value, Errno.None) : new SysResult(-1, (Errno)Marshal.GetLastPInvokeError());
    }

    /// <summary>Wraps the answer of a function that returns the errno itself, and 0 for none. Counts the call.</summary>
    public static SysResult FromErrno(int errno, long value = 0)
    {
        SystemCallCount.Increment();
        return errno == 0 ? new SysResult(value, Errno.None) : new SysResult(-1, (Errno)errno);
    }
}
