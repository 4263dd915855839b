using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Transfer;

namespace Splice;

/// <summary>Copies a file, or a range of one.</summary>
public static class FileCopy
{
    private const uint PrivateMode = 0x180; // 0600, until the file gets the mode of another
    private const uint DefaultMode = 0x1B6; // 0666, of which the umask takes its share

    /// <summary>Copies. The old destination is there, whole, until the new one is.</summary>
    /// <param name="request">What to copy.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="TransferException">It was not done. A regular file that was to be replaced is as before.</exception>
    public static TransferResult Copy(CopyRequest request, TransferMonitor monitor)
    {
        var tally = new TransferTally();
        RangeCheck.Numbers(request.Offset, request.Count, request.DestinationOffset, request.Source, request.Destination);
        PathCheck.Name(request.Source);
        PathCheck.Name(request.Destination);
        CheckFlags(request);
        try
        {
            Descriptor source = SourceFile.Open(request.Source, monitor.Cancellation);
            using (source.Handle)
            {
                return Copy(request, source, monitor, tally);
            }
        }
        catch (OperationCanceledException)
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"Copying '{request.Source}' to '{request.Destination}' was stopped before the first byte.",
                Errno.ECANCELED, request.Destination);
        }
    }

    private static TransferResult Copy(
        CopyRequest request, Descriptor source, TransferMonitor monitor, TransferTally tally)
    {
        DestinationPath destination = DestinationPath.Resolve(request.Source, request.Destination);
        long? start = source.IsSeekable ? request.Offset ?? 0 : null;
        long? length = RangeCheck.Source(source, request.Offset, start, request.Count);
        var spec = new TransferSpec
        {
            Offset = start,
            Length = length,
            RequestedCount = request.Count,
            RequiresAll = true,
            Method = request.Method == TransferMethod.Auto && request.Flags != SpliceFlags.None
                ? TransferMethod.Splice
                : request.Method,
            Flags = request.Flags,
            PipeSize = request.PipeSize,
        };
        ExistingDestination.Check(request, source, destination);
        bool inPlace = destination.Existing is not null
            && (request.DestinationOffset.HasValue || destination.Existing.Kind != DescriptorKind.Regular);
        return inPlace
            ? WriteInPlace(request, source, destination, spec, monitor, tally)
            : Replace(request, source, destination, spec, monitor, tally);
    }

    private static TransferResult WriteInPlace(
        CopyRequest request, Descriptor source, DestinationPath path, TransferSpec spec, TransferMonitor monitor, TransferTally tally)
    {
        using SafeFileHandle handle = OpenDestination.InPlace(path.Path, monitor.Cancellation);
        Descriptor destination = Descriptor.Describe(handle, path.Path);
        spec = spec with { DestinationOffset = destination.IsSeekable ? request.DestinationOffset ?? 0 : null };
        RangeCheck.Destination(destination, request.DestinationOffset, spec.DestinationOffset, spec.Length);
        RangeCheck.NotTheSame(source, spec.Offset, destination, spec.DestinationOffset, spec.Length);
        using var run = new TransferRun(source, destination, spec, monitor, tally);
        return run.Run();
    }

    private static TransferResult Replace(
        CopyRequest request, Descriptor source, DestinationPath path, TransferSpec spec, TransferMonitor monitor, TransferTally tally)
    {
        // A FIFO's or a device's mode is no mode for a file.
        bool keepsMetadata = request.IsWhole && source.Kind == DescriptorKind.Regular;
        bool takesMode = keepsMetadata || path.Existing is not null;
        using var staged = StagedFile.Create(
            path, takesMode ? PrivateMode : DefaultMode, monitor.Cancellation);
        Descriptor destination = Descriptor.Describe(staged.Handle, path.Path);
        spec = spec with { DestinationOffset = request.DestinationOffset ?? 0 };
        RangeCheck.Destination(destination, request.DestinationOffset, spec.DestinationOffset, spec.Length);
        using var run = new TransferRun(source, destination, spec, monitor, tally);
        run.Run();
        IReadOnlyList<string> warnings = Metadata.Apply(
            staged.Handle, path.Path, keepsMetadata ? source.Status : null, path.Existing);
        try
        {
            staged.Commit(replace: !request.NoClobber);
        }
        catch (TransferException exception)
        {
            exception.Partial = run.Result() with { Warnings = warnings };
            throw;
        }

        return run.Result() with { Warnings = warnings };
    }

    private static void CheckFlags(CopyRequest request)
    {
        if (request.Flags != SpliceFlags.None && request.Method is not (TransferMethod.Auto or TransferMethod.Splice))
        {
            throw new TransferException(TransferErrorId.MethodNotPossible,
                $"The flags {request.Flags} are for splice(2), and {request.Method} takes none. Use -Method Splice, or leave -Flags out.",
                target: request.Destination);
        }
    }
}
