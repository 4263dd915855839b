using System.Globalization;
using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Checks a range before anything is written.</summary>
internal static class RangeCheck
{
    public static void ThrowIfNegative(long? offset, long? count, long? destinationOffset, string source, string destination)
    {
        if (offset < 0 || destinationOffset < 0)
        {
            (string what, long? value, string target) = offset < 0
                ? ("offset", offset, source)
                : ("destination offset", destinationOffset, destination);
            throw new TransferException(TransferErrorId.NegativeOffset,
                $"The {what} {value} for '{target}' is negative.",
                "Specify an offset from the start, 0 or more.", target: target);
        }

        if (count < 0)
        {
            throw new TransferException(TransferErrorId.NegativeCount,
                $"The count {count} for '{source}' is negative.",
                "Specify the number of bytes, 0 or more.", target: source);
        }
    }

    public static void ThrowIfNotSeekable(object label, DescriptorKind kind, bool isSeekable, long? offset)
    {
        if (offset.HasValue && !isSeekable)
        {
            throw new TransferException(TransferErrorId.NotSeekable,
                $"'{label}' is not seekable: it is a {kind}.",
                "Omit the offset.", Errno.ESPIPE, label.ToString());
        }
    }

    /// <summary>Returns the number of bytes to move from <paramref name="start"/>; null for unknown.</summary>
    public static long? Source(Descriptor source, long? offset, long? start, long? count)
    {
        ThrowIfNotSeekable(source.Label, source.Kind, source.IsSeekable, offset);

        if (count is null && IsEndless(source))
        {
            throw new TransferException(TransferErrorId.EndlessSource,
                $"'{source.Name}' never ends.",
                ["Use -Count to limit the bytes.", "Choose a source that ends."], target: source.Name);
        }

        if (start is not long from)
        {
            return count;
        }

        return source.Size == 0 ? OfUnknownSize(source, offset, from, count) : OfKnownSize(source, offset, from, count);
    }

    /// <summary>Checks that the destination can take the offset and the bytes.</summary>
    public static void Destination(Descriptor destination, long? offset, long? start, long? length)
    {
        ThrowIfNotSeekable(destination.Label, destination.Kind, destination.IsSeekable, offset);

        if (offset.HasValue && destination.IsAppending)
        {
            throw new TransferException(TransferErrorId.NotSeekable,
                $"'{destination.Name}' was opened for appending (O_APPEND), and all bytes go to its end.",
                "Omit the destination offset.",
                target: destination.Name);
        }

        if (destination.Kind == DescriptorKind.Regular && length > long.MaxValue - start)
        {
            throw new TransferException(TransferErrorId.FileSizeLimit,
                $"{ByteText.Exact(length.Value)} at offset {start} of '{destination.Name}' would end past the largest possible offset.",
                "Specify a smaller destination offset.",
                Errno.EFBIG, destination.Name);
        }

        if (destination.Kind == DescriptorKind.Block && (length ?? 0) > destination.Size - start)
        {
            throw new TransferException(TransferErrorId.DiskFull,
                $"The device '{destination.Name}' has {ByteText.Exact(destination.Size)}; {ByteText.Exact(length!.Value)} do not fit at offset {start}.",
                ["Use -Count to copy less.", "Choose a larger device."],
                Errno.ENOSPC, destination.Name);
        }
    }

    /// <summary>Source and destination may be one file only if the ranges do not overlap.</summary>
    public static void ThrowIfOverlapping(Descriptor source, long? start, Descriptor destination, long? destinationStart, long? length)
    {
        bool oneFile = source.Status.Identity == destination.Status.Identity && source.Kind
            is DescriptorKind.Regular or DescriptorKind.Block or DescriptorKind.Fifo;
        bool apart = length.HasValue && (start <= destinationStart - length || destinationStart <= start - length);
        if (oneFile && !apart)
        {
            throw SameFile(source.Name, destination.Name, ", and the ranges overlap");
        }
    }

    public static TransferException SameFile(string source, string destination, string detail = "") =>
        new(TransferErrorId.SameFile,
            $"'{source}' and '{destination}' are the same file{detail}. Nothing was changed.",
            "Choose another destination.",
            target: destination);

    private static long OfKnownSize(Descriptor source, long? offset, long start, long? count)
    {
        if (offset > source.Size)
        {
            throw OffsetPastEnd(source, start);
        }

        long available = Math.Max(0, source.Size - start);
        return count > available ? throw CountPastEnd(source, start, count.Value) : count ?? available;
    }

    /// <summary>Files of procfs have bytes and a size of 0: read the bytes at both ends of the range.</summary>
    private static long? OfUnknownSize(Descriptor source, long? offset, long start, long? count)
    {
        if (offset > 0 && !MayHaveByteAt(source.Handle, start - 1))
        {
            throw OffsetPastEnd(source, start);
        }

        return count > 0 && !MayHaveByteAt(source.Handle, start + count.Value - 1)
            ? throw CountPastEnd(source, start, count.Value)
            : count;
    }

    /// <summary>True unless a file ends at or before an offset, whatever its size. Also after an error, which the next
    /// read reports.</summary>
    public static bool MayHaveByteAt(SafeHandle handle, long offset) => ReadByteAt(handle, offset).Value != 0;

    /// <summary>Reads a byte: 0 if the file ends at or before the offset.</summary>
    public static SysResult ReadByteAt(SafeHandle handle, long offset)
    {
        Span<byte> one = stackalloc byte[1];
        SysResult result;
        do
        {
            result = LibC.Read(handle, one, offset);
        }
        while (result.Errno == Errno.EINTR);

        return result;
    }

    /// <summary>/dev/zero, /dev/full, /dev/random, /dev/urandom: minors of the memory devices (devices.txt).</summary>
    private static bool IsEndless(Descriptor source)
    {
        const ulong Memory = 1UL << 32;
        return source.Kind == DescriptorKind.Character
            && source.Status.Identity.SpecialDevice is Memory + 5 or Memory + 7 or Memory + 8 or Memory + 9;
    }

    private static TransferException OffsetPastEnd(Descriptor source, long offset) => new(TransferErrorId.OffsetPastEnd,
        $"The offset {offset} is past the end of '{source.Name}', which {Has(source)}. Nothing was written.",
        "Specify an offset within it.",
        target: source.Name);

    private static TransferException CountPastEnd(Descriptor source, long offset, long count) => new(TransferErrorId.CountPastEnd,
        $"'{source.Name}' ends before byte {(UInt128)offset + (UInt128)count}: it {Has(source)}, and the request was {ByteText.Exact(count)} from offset {offset}. Nothing was written.",
        ["Omit -Count to copy up to the end.", "Copy it again while no other process writes to it."],
        target: source.Name);

    private static string Has(Descriptor source) => source.Size > 0 ? $"has {ByteText.Exact(source.Size)}"
        : MayHaveByteAt(source.Handle, 0) ? "has fewer bytes"
        : "is empty";
}

/// <summary>Checks the handles of a transfer.</summary>
internal static class HandleCheck
{
    public static void Source(Descriptor source)
    {
        if (source.Kind == DescriptorKind.Directory)
        {
            throw new TransferException(TransferErrorId.SourceIsDirectory,
                $"'{source.Name}' is a folder.",
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

    /// <summary>Returns the offset of the next write: with O_APPEND the end of the file.</summary>
    public static long? PositionOfWrites(Descriptor destination) =>
        destination is { IsSeekable: true, IsAppending: true } ? destination.Size : destination.Position;

    /// <summary>Returns the name that /proc has for the descriptor: a path, pipe:[inode], socket:[inode].</summary>
    public static string NameOf(SafeHandle handle) =>
        LibC.ReadLink(LibC.PathOf(handle), out string? target).Ok
            ? target!
            : string.Create(CultureInfo.InvariantCulture, $"descriptor {handle.DangerousGetHandle()}");

    public static TransferException Closed(Descriptor source, Descriptor destination) => new(TransferErrorId.HandleClosed,
        $"The handle of '{source.Name}' or '{destination.Name}' was closed while bytes were moved.",
        "Close it after the transfer.",
        Errno.EBADF, destination.Name);
}
