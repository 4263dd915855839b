using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int WaitNoHang = 1; // WNOHANG

    /// <summary>Takes leave of a child that has ended, and learns what it used. 0: it still runs (WNOHANG). ECHILD: somebody
    /// else has done it, or SIGCHLD is ignored.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/wait4.2.html">wait4(2)</see></remarks>
    public static unsafe SysResult Wait(int process, int options, out int status, out ResourceUsage usage)
    {
        fixed (int* statusResult = &status)
        fixed (ResourceUsage* usageResult = &usage)
        {
            SysResult result;
            do
            {
                result = SysResult.From(wait4(process, statusResult, options, usageResult));
            }
            while (result.Errno == Errno.EINTR);

            return result;
        }
    }

    /// <summary>struct rusage, of 64-bit systems.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct ResourceUsage
    {
        public long UserSeconds;
        public long UserMicroseconds;
        public long SystemSeconds;
        public long SystemMicroseconds;

        /// <summary>KiB.</summary>
        public long PeakResident;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int wait4(int process, int* status, int options, ResourceUsage* usage);
}
