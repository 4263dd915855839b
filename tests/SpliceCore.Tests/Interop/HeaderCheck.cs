using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Splice.Tests.Interop;

/// <summary>Asks the C compiler whether the system's headers agree: every statement becomes a static assertion, so
/// that nothing has to run and another architecture's headers do as well.</summary>
internal sealed class HeaderCheck
{
    private const string Headers = """
        #define _GNU_SOURCE
        #include <asm/unistd.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <linux/fiemap.h>
        #include <linux/fs.h>
        #include <linux/limits.h>
        #include <linux/magic.h>
        #include <linux/tcp.h>
        #include <netinet/in.h>
        #include <poll.h>
        #include <signal.h>
        #include <spawn.h>
        #include <stddef.h>
        #include <stdio.h>
        #include <sys/eventfd.h>
        #include <sys/file.h>
        #include <sys/ioctl.h>
        #include <sys/mman.h>
        #include <sys/resource.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/statfs.h>
        #include <sys/uio.h>
        #include <sys/wait.h>
        #include <termios.h>
        #include <time.h>
        #include <unistd.h>

        """;

    private readonly StringBuilder _program = new(Headers);

    public void Equal(string expression, long value) => _program.AppendLine(
        CultureInfo.InvariantCulture,
        $"_Static_assert((unsigned long)({expression}) == {unchecked((ulong)value)}UL, \"{expression}\");");

    /// <summary>What the compiler for an architecture says against it; empty where it agrees, null where there is no
    /// compiler.</summary>
    public string? Complaints(Architecture architecture)
    {
        string compiler = architecture == RuntimeInformation.ProcessArchitecture && !Emulator.IsUsed ? "gcc"
            : architecture == Architecture.Arm64 ? "aarch64-linux-gnu-gcc" : "x86_64-linux-gnu-gcc";
        try
        {
            using var process = new ChildProcess(compiler, "-fsyntax-only", "-x", "c", "-");
            process.WriteLine(_program.ToString());
            return Command.Finish(process).Errors;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
