using System;
using System.Runtime.InteropServices;

namespace Splice.Benchmarks
{
    /// <summary>Memory that is free, and that the machine has.</summary>
    public static class FreeMemory
    {
        private const int ReadWrite = 3;
        private const int PrivateAnonymous = 0x22;
        private const int HugePage = 14;
        private const int PopulateWrite = 23;

        /// <summary>Takes so many bytes of free memory and gives them back at once. A virtual machine that had left them to its host
        /// (free page reporting) has them again; on other machines nothing changes. Before Linux 5.14 nothing is done (madvise(2),
        /// MADV_POPULATE_WRITE).</summary>
        public static void Fetch(long bytes)
        {
            nint address = mmap(0, (nuint)bytes, ReadWrite, PrivateAnonymous, -1, 0);
            if (address == -1)
            {
                throw new InvalidOperationException("errno " + Marshal.GetLastPInvokeError());
            }

            // Whether it comes in large pages only says how long it takes.
            _ = madvise(address, (nuint)bytes, HugePage);
            _ = madvise(address, (nuint)bytes, PopulateWrite);
            _ = munmap(address, (nuint)bytes);
        }

        [DllImport("libc", SetLastError = true)]
        private static extern nint mmap(nint address, nuint length, int protection, int flags, int file, nint offset);

        [DllImport("libc")]
        private static extern int madvise(nint address, nuint length, int advice);

        [DllImport("libc")]
        private static extern int munmap(nint address, nuint length);
    }
}
