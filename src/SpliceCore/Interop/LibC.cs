using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// Every import is blittable and generated at build time: nothing is marshalled by reflection when the module loads.
[assembly: DisableRuntimeMarshalling]

// libc is the system's: the module's own folder is no place to look for it.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]

namespace Splice.Interop;

/// <summary>The C library, one area a file: the import private under its native name, the wrapper above it. Takes borrowed handles,
/// returns owned ones; every wrapper returns a <see cref="SysResult"/> and never throws.</summary>
internal static partial class LibC
{
    private const string Library = "libc";

    /// <summary>AT_FDCWD: relative paths start at the process's directory.</summary>
    public const int CurrentDirectory = -100;

    /// <summary>AT_SYMLINK_NOFOLLOW: a link stands for itself.</summary>
    public const int SymlinkNoFollow = 0x100;

    /// <summary>AT_SYMLINK_FOLLOW: linkat(2) follows its source.</summary>
    public const int SymlinkFollow = 0x400;

    /// <summary>AT_EMPTY_PATH: the descriptor itself is meant.</summary>
    public const int EmptyPath = 0x1000;
}

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
