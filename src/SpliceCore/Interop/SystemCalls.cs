using System.Runtime.InteropServices;

namespace Splice.Interop;

/// <summary>A number of the kernel's interface that x64 and arm64 do not share.</summary>
internal readonly record struct ArchitectureValue(int X64, int Arm64)
{
    public int For(Architecture architecture) => architecture == Architecture.Arm64 ? Arm64 : X64;

    /// <summary>The one of the machine that this runs on.</summary>
    public static implicit operator int(ArchitectureValue value) => value.For(RuntimeInformation.ProcessArchitecture);
}

/// <summary>Numbers for the calls made through syscall(2): not every libc that .NET runs on has a wrapper for them,
/// and glibc 2.41's copy_file_range is wrong above 2 GiB (coreutils NEWS 9.8).</summary>
internal static class SystemCallNumber
{
    public static readonly ArchitectureValue CopyFileRange = new(X64: 326, Arm64: 285);
    public static readonly ArchitectureValue GetDirectoryEntries = new(X64: 217, Arm64: 61);
    public static readonly ArchitectureValue PidFdOpen = new(X64: 434, Arm64: 434);
    public static readonly ArchitectureValue Statx = new(X64: 332, Arm64: 291);
    public static readonly ArchitectureValue RenameAt2 = new(X64: 316, Arm64: 276);
}

/// <summary>The name of a system call, from the call as it stands in the source.</summary>
internal static class SystemCallName
{
    /// <summary>What imports of one function are told apart by.</summary>
    private static readonly string[] Forms = ["_handle", "_path", "_value", "_pointer", "_number"];

    /// <param name="call">For example "(nint)lseek(handle, offset, (int)whence)", or "statx_path(" with what follows.</param>
    public static string Of(string call)
    {
        int start = call.StartsWith('(') ? call.IndexOf(')', StringComparison.Ordinal) + 1 : 0;
        int end = call.IndexOf('(', start);
        string name = end < 0 ? call[start..] : call[start..end];
        foreach (string form in Forms)
        {
            if (name.EndsWith(form, StringComparison.Ordinal))
            {
                return name[..^form.Length];
            }
        }

        return name;
    }

    /// <summary>True if the call answers how many bytes it has moved.</summary>
    public static bool MovesBytes(string name) =>
        name is "copy_file_range" or "sendfile" or "splice" or "tee" or "vmsplice" or "read" or "pread" or "write" or "pwrite";
}

/// <summary>How many system calls this thread has made through <see cref="LibC"/>. A transfer runs on one thread,
/// so the difference over it is the transfer's own.</summary>
internal static class SystemCallCount
{
    [ThreadStatic]
    private static long _current;

    [ThreadStatic]
    private static Action<string, long, Errno>? _sink;

    public static long Current => _current;

    /// <summary>Receives the calls of this thread: the call as it stands in the source, what it returned, and its errno. Null: none does.</summary>
    public static Action<string, long, Errno>? Sink
    {
        set => _sink = value;
    }

    /// <summary>Counts a call that another thread has made, and noted.</summary>
    public static void Increment() => _current++;

    /// <summary>Counts a call, and notes it where somebody wants to know.</summary>
    /// <param name="call">The call as it stands in the source.</param>
    /// <param name="value">What it answered.</param>
    /// <param name="errno">Why it failed; None where it did not.</param>
    public static void Add(string call, long value, Errno errno)
    {
        _current++;
        _sink?.Invoke(call, value, errno);
    }
}
