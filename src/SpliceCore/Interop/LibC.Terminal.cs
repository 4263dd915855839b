using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    // termios.h
    public const uint ICRNL = 0x100, IXON = 0x400, ISIG = 0x1, ICANON = 0x2, ECHO = 0x8, IEXTEN = 0x8000;
    public const int TCSADRAIN = 1;

    /// <summary>True if a descriptor is a terminal.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/isatty.3.html">isatty(3)</see></remarks>
    public static bool IsTerminal(SafeHandle handle)
    {
        SystemCallCount.Add("isatty", 0, Errno.None);
        return isatty(handle) == 1;
    }

    [LibraryImport(Library)]
    private static partial int isatty(SafeHandle fd);

    /// <summary>Returns a terminal's mode. ENOTTY: not a terminal.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/termios.3.html">tcgetattr(3)</see></remarks>
    public static SysResult GetTerminalMode(int descriptor, out TerminalMode mode) => SysResult.From(tcgetattr(descriptor, out mode));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int tcgetattr(int descriptor, out TerminalMode mode);

    /// <summary>Sets a terminal's mode, after pending output is written. From the background it stops the process (SIGTTOU).</summary>
    public static SysResult SetTerminalMode(int descriptor, in TerminalMode mode) => SysResult.From(tcsetattr(descriptor, TCSADRAIN, in mode));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int tcsetattr(int descriptor, int when, in TerminalMode mode);

    /// <summary>Announces to .NET that child processes use the terminal, or no longer do. It keeps the mode that it has set, and would not set it
    /// again after another call of tcsetattr(3): reading the position of the cursor, as progress bars do, would wait for a line.</summary>
    /// <remarks><see href="https://github.com/dotnet/runtime/blob/main/src/native/libs/System.Native/pal_console.c">pal_console.c</see></remarks>
    public static void ShareTerminal(bool isShared)
    {
        try
        {
            SystemNative_ConfigureTerminalForChildProcess(isShared ? 1 : 0);
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another runtime keeps no mode.
        }
    }

    [LibraryImport("libSystem.Native")]
    private static partial void SystemNative_ConfigureTerminalForChildProcess(int childUsesTerminal);

    /// <summary>struct termios: its flags, and ample room for the rest.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct TerminalMode
    {
        public uint Input, Output, Control, Local;
    }

    /// <summary>True if this process is in the terminal's foreground.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/tcgetpgrp.3.html">tcgetpgrp(3)</see></remarks>
    public static bool IsForeground(int terminal)
    {
        SystemCallCount.Add("tcgetpgrp", 0, Errno.None);
        return tcgetpgrp(terminal) == getpgrp();
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int tcgetpgrp(int descriptor);

    [LibraryImport(Library)]
    private static partial int getpgrp();
}
