using Splice.Interop;

namespace Splice.Measuring;

/// <summary>Whether test data and a copy of it find room, before the first byte is written.</summary>
internal static class FreeSpace
{
    /// <exception cref="TransferException">They do not.</exception>
    public static void Check(TestFolder source, TestFolder destination, long size)
    {
        if (source.Device == destination.Device)
        {
            Check(source, 2 * (UInt128)size, "the test data and one copy");
        }
        else
        {
            Check(source, (UInt128)size, "the test data");
            Check(destination, (UInt128)size, "one copy");
        }
    }

    private static void Check(TestFolder folder, UInt128 needed, string what)
    {
        SysResult free = LibC.FreeSpace(folder.Handle);
        if (free.Ok && (UInt128)free.Value < needed)
        {
            throw new TransferException(TransferErrorId.DiskFull,
                $"The file system of '{folder.Path}' has {free.Value} bytes free, and {what} would take {needed} there. Nothing was written.",
                "Free some space, choose another folder, or a smaller -Size.",
                Errno.ENOSPC, folder.Path);
        }
    }
}
