using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

// Every import is blittable and generated at build time: nothing is marshalled by reflection when the module loads.
[assembly: DisableRuntimeMarshalling]

// libc is the system's, and is not searched for in the module's folder.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.System32)]

namespace Splice.Interop;

/// <summary>The C library, one area a file: the import private under its native name, the wrapper above it, constants under the kernel's
/// names. Takes borrowed handles, returns owned ones; every wrapper returns a <see cref="SysResult"/> and never throws.</summary>
internal static partial class LibC
{
    private const string Library = "libc";

    // fcntl.h
    public const int AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, AT_EACCESS = 0x200, AT_SYMLINK_FOLLOW = 0x400,
        AT_EMPTY_PATH = 0x1000;

    private static SysResult Own(SysResult opened, out SafeFileHandle handle)
    {
        handle = new SafeFileHandle((nint)opened.Value, ownsHandle: true);
        return opened;
    }
}

/// <summary>The result of a system call: a value, or the errno read at once after it.</summary>
internal readonly record struct SysResult(long Value, Errno Errno)
{
    public bool Ok => Errno == Errno.None;

    /// <summary>Wraps and counts a call that returns -1 and sets errno if it fails.</summary>
    public static SysResult From(nint value, [CallerArgumentExpression(nameof(value))] string call = "")
    {
        SysResult result = value >= 0 ? new(value, Errno.None) : new(-1, (Errno)Marshal.GetLastPInvokeError());
        SystemCallCount.Add(call, result.Value, result.Errno);
        return result;
    }

    /// <summary>Wraps and counts a call that returns the error number itself, or 0.</summary>
    public static SysResult FromErrno(int errno, long value = 0, [CallerArgumentExpression(nameof(errno))] string call = "")
    {
        SysResult result = errno == 0 ? new(value, Errno.None) : new(-1, (Errno)errno);
        SystemCallCount.Add(call, result.Value, result.Errno);
        return result;
    }

    /// <summary>Returns another value if the call succeeded.</summary>
    public SysResult With(long value) => Ok ? new SysResult(value, Errno.None) : this;
}
