using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.Fuzz;

/// <summary>A descriptor whose number is too high to be used again after it was closed.</summary>
public sealed class HighDescriptor : IDisposable
{
    private const int DuplicateCloseOnExec = 1030; // F_DUPFD_CLOEXEC
    private const int First = 700;

    /// <param name="path">The file to open for reading.</param>
    public HighDescriptor(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        Number = fcntl((int)file.DangerousGetHandle(), DuplicateCloseOnExec, First);
    }

    public int Number { get; }

    /// <summary>Closes it, unless it is closed.</summary>
    public void Dispose() => _ = close(Number);

#pragma warning disable IDE1006, CA5392, SYSLIB1054 // the C library's names
    [DllImport("libc")]
    private static extern int fcntl(int descriptor, int command, int argument);

    [DllImport("libc")]
    private static extern int close(int descriptor);
#pragma warning restore IDE1006, CA5392, SYSLIB1054
}
