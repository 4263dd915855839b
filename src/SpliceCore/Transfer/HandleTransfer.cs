using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice;

/// <summary>Moves bytes between open handles, as splice(2) does, and as far as it takes.</summary>
public static class HandleTransfer
{
    /// <summary>Moves the bytes. Positions move as splice(2) says: on, by what arrived, where no offset was given.</summary>
    /// <param name="request">What to move.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="TransferException">It was not done, or only in part.</exception>
    public static TransferResult Run(HandleTransferRequest request, TransferMonitor monitor)
    {
        var tally = new TransferTally();
        Descriptor source = Descriptor.Describe(request.Source, request.SourceName ?? NameOf(request.Source));
        Descriptor destination = Descriptor.Describe(
            request.Destination, request.DestinationName ?? NameOf(request.Destination));
        RangeCheck.Numbers(request.Offset, request.Count, request.DestinationOffset, source.Name, destination.Name);
        CheckAccess(source, destination);

        long? start = request.Offset ?? source.Position;
        long? destinationStart = request.DestinationOffset ?? PositionOfWrites(destination);
        long? length = RangeCheck.Source(source, request.Offset, start, request.Count);
        RangeCheck.Destination(destination, request.DestinationOffset, destinationStart, length);
        RangeCheck.NotTheSame(source, start, destination, destinationStart, length);
        var spec = new TransferSpec
        {
            Offset = start,
            DestinationOffset = destinationStart,
            Length = length,
            RequestedCount = request.Count,
            Method = request.Method,
            Flags = request.Flags,
            PipeSize = request.PipeSize,
        };
        using SafeFileHandle? terminal = TerminalOutput.Reopen(destination);
        Descriptor output = terminal is null ? destination : Descriptor.Describe(terminal, destination.Name);
        using var run = new TransferRun(source, output, spec, monitor, tally);
        try
        {
            run.Run();
            return run.Result();
        }
        catch (ObjectDisposedException)
        {
            throw new TransferException(TransferErrorId.HandleClosed,
                $"The handle of '{source.Name}' or '{destination.Name}' was closed while bytes were moved. Close it after the transfer.",
                Errno.EBADF, destination.Name)
            {
                Partial = run.Result(),
            };
        }
        finally
        {
            // The transfer works at offsets of its own; on the way, holes are looked for with lseek(2).
            PutPosition(source, request.Offset, tally.BytesCopied);
            if (!destination.IsAppending)
            {
                PutPosition(destination, request.DestinationOffset, tally.BytesCopied);
            }
        }
    }

    /// <summary>O_APPEND writes at the end wherever the position is, and takes it along.</summary>
    private static long? PositionOfWrites(Descriptor destination) =>
        destination is { IsSeekable: true, IsAppending: true } ? destination.Size : destination.Position;

    private static void PutPosition(Descriptor descriptor, long? explicitOffset, long moved)
    {
        if (descriptor.Position is long before && !descriptor.Handle.IsClosed)
        {
            LibC.Seek(descriptor.Handle, explicitOffset.HasValue ? before : before + moved, SeekOrigin.Begin);
        }
    }

    private static void CheckAccess(Descriptor source, Descriptor destination)
    {
        if (source.Kind == DescriptorKind.Directory)
        {
            throw new TransferException(TransferErrorId.SourceIsDirectory,
                $"'{source.Name}' is a directory. Open a file in it.", Errno.EISDIR, source.Name);
        }

        if (!source.IsReadable)
        {
            throw new TransferException(TransferErrorId.SourceNotReadable,
                $"'{source.Name}' was not opened for reading. Open it with [System.IO.FileAccess]::Read.",
                Errno.EBADF, source.Name);
        }

        if (!destination.IsWritable)
        {
            throw new TransferException(TransferErrorId.DestinationNotWritable,
                $"'{destination.Name}' was not opened for writing. Open it with [System.IO.FileAccess]::Write.",
                Errno.EBADF, destination.Name);
        }
    }

    /// <summary>What /proc says of the descriptor: a path, pipe:[inode], socket:[inode].</summary>
    private static string NameOf(SafeHandle handle)
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
}
