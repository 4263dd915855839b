using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>True if a descriptor is a terminal.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/isatty.3.html">isatty(3)</see></remarks>
    public static bool IsTerminal(SafeHandle handle)
    {
        SystemCallCount.Add("isatty", 0, Errno.None);
        return isatty(handle) == 1;
    }

    [LibraryImport(Library)]
    private static partial int isatty(SafeHandle fd);

    public const uint CarriageReturnToNewLine = 0x100; // ICRNL
    public const uint OutputFlowControl = 0x400; // IXON
    public const uint TerminalSignals = 0x1; // ISIG
    public const uint CanonicalInput = 0x2; // ICANON
    public const uint Echo = 0x8; // ECHO
    public const uint ExtendedInput = 0x8000; // IEXTEN

    private const int AfterOutput = 1; // TCSADRAIN

    /// <summary>How a terminal treats what is typed. ENOTTY: it is none.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/termios.3.html">tcgetattr(3)</see></remarks>
    public static unsafe SysResult GetTerminalMode(int descriptor, out TerminalMode mode)
    {
        fixed (TerminalMode* result = &mode)
        {
            return SysResult.From(tcgetattr(descriptor, result));
        }
    }

    /// <summary>Sets it, after all output is out. From the background it stops the process (SIGTTOU).</summary>
    public static unsafe SysResult SetTerminalMode(int descriptor, in TerminalMode mode)
    {
        fixed (TerminalMode* value = &mode)
        {
            return SysResult.From(tcsetattr(descriptor, AfterOutput, value));
        }
    }

    /// <summary>True if this process is in the terminal's foreground.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/tcgetpgrp.3.html">tcgetpgrp(3)</see></remarks>
    public static bool IsForeground(int terminal)
    {
        SystemCallCount.Add("tcgetpgrp", 0, Errno.None);
        return tcgetpgrp(terminal) == getpgrp();
    }

    /// <summary>struct termios: its flags, and ample room for the rest.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct TerminalMode
    {
        public uint Input;
        public uint Output;
        public uint Control;
        public uint Local;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int tcgetattr(int descriptor, TerminalMode* mode);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int tcsetattr(int descriptor, int when, TerminalMode* mode);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int tcgetpgrp(int descriptor);

    [LibraryImport(Library)]
    private static partial int getpgrp();
}
