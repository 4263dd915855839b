using System.Globalization;
using System.Runtime.InteropServices;
using Splice.Descriptors;

namespace Splice.Transfer;

/// <summary>What a handle must be for a transfer, and what it is called.</summary>
internal static class HandleCheck
{
    /// <exception cref="TransferException">It cannot be read.</exception>
    public static void Source(Descriptor source)
    {
        if (source.Kind == DescriptorKind.Directory)
        {
            throw new TransferException(TransferErrorId.SourceIsDirectory,
                $"'{source.Name}' is a directory.",
                "Open a file in it.", Errno.EISDIR, source.Name);
        }

        if (!source.IsReadable)
        {
            throw new TransferException(TransferErrorId.SourceNotReadable,
                $"'{source.Name}' was not opened for reading.",
                "Open it with [System.IO.FileAccess]::Read.",
                Errno.EBADF, source.Name);
        }
    }

    /// <exception cref="TransferException">It cannot be written.</exception>
    public static void Destination(Descriptor destination)
    {
        if (!destination.IsWritable)
        {
            throw new TransferException(TransferErrorId.DestinationNotWritable,
                $"'{destination.Name}' was not opened for writing.",
                "Open it with [System.IO.FileAccess]::Write.",
                Errno.EBADF, destination.Name);
        }
    }

    /// <summary>Where the next byte goes: O_APPEND writes at the end wherever the position is, and takes it along.</summary>
    public static long? PositionOfWrites(Descriptor destination) =>
        destination is { IsSeekable: true, IsAppending: true } ? destination.Size : destination.Position;

    /// <summary>What /proc says of the descriptor: a path, pipe:[inode], socket:[inode].</summary>
    public static string NameOf(SafeHandle handle)
    {
        string descriptor = handle.DangerousGetHandle().ToString(CultureInfo.InvariantCulture);
        try
        {
            return new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget ?? $"descriptor {descriptor}";
        }
        catch (IOException)
        {
            return $"descriptor {descriptor}";
        }
    }

    /// <summary>Somebody closed a handle while it was in use.</summary>
    public static TransferException Closed(Descriptor source, Descriptor destination) => new(TransferErrorId.HandleClosed,
        $"The handle of '{source.Name}' or '{destination.Name}' was closed while bytes were moved.",
        "Close it after the transfer.",
        Errno.EBADF, destination.Name);
}
