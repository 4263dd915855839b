using System.Runtime.InteropServices;

namespace Splice.Interop;

/// <summary>A number of the kernel's interface that differs between x64 and arm64.</summary>
internal readonly record struct ArchitectureValue(int X64, int Arm64)
{
    public int For(Architecture architecture) => architecture == Architecture.Arm64 ? Arm64 : X64;

    public static implicit operator int(ArchitectureValue value) => value.For(RuntimeInformation.ProcessArchitecture);
}

/// <summary>Numbers of the calls made through syscall(2), under the kernel's names: not every libc that .NET runs on has a wrapper for them,
/// and glibc 2.41's copy_file_range is wrong above 2 GiB (coreutils NEWS 9.8).</summary>
internal static class SystemCallNumber
{
    public static readonly ArchitectureValue copy_file_range = new(X64: 326, Arm64: 285);
    public static readonly ArchitectureValue getdents64 = new(X64: 217, Arm64: 61);
    public static readonly ArchitectureValue pidfd_open = new(X64: 434, Arm64: 434);
    public static readonly ArchitectureValue statx = new(X64: 332, Arm64: 291);
    public static readonly ArchitectureValue renameat2 = new(X64: 316, Arm64: 276);
}

/// <summary>Finds the name of a system call in the text of the call.</summary>
internal static class SystemCallName
{
    /// <param name="call">For example "(nint)lseek(handle, offset, (int)whence)"</param>
    public static string Of(string call)
    {
        int start = call.StartsWith('(') ? call.IndexOf(')', StringComparison.Ordinal) + 1 : 0;
        int end = call.IndexOf('(', start);
        return end < 0 ? call[start..] : call[start..end];
    }

    /// <summary>True if the call returns the number of bytes that it has moved.</summary>
    public static bool MovesBytes(string name) =>
        name is "copy_file_range" or "sendfile" or "splice" or "tee" or "read" or "pread" or "write" or "pwrite";
}

/// <summary>Number of system calls that this thread has made through <see cref="LibC"/>. A transfer runs on one thread, so the difference
/// over it is the transfer's own.</summary>
internal static class SystemCallCount
{
    [ThreadStatic]
    private static long _current;

    [ThreadStatic]
    private static Action<string, long, Errno>? _sink;

    public static long Current => _current;

    /// <summary>Receives the calls of this thread: the call's text in the source, its return value, and its errno; may be null.</summary>
    public static Action<string, long, Errno>? Sink
    {
        set => _sink = value;
    }

    /// <summary>Counts a call that another thread has made and reported.</summary>
    public static void Increment() => _current++;

    public static void Add(string call, long value, Errno errno)
    {
        _current++;
        _sink?.Invoke(call, value, errno);
    }
}
