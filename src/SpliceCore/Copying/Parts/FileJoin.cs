using Splice.Copying;
using Splice.Copying.Parts;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice;

/// <summary>Puts files one behind the other.</summary>
public static class FileJoin
{
    /// <summary>Makes one file of several, which takes its name when it is complete.</summary>
    /// <param name="request">What to join.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <returns>What was done, for all files together.</returns>
    /// <exception cref="TransferException">It was not done. A regular file that was to be replaced is as before.</exception>
    public static TransferResult Join(JoinRequest request, TransferMonitor monitor)
    {
        ArgumentOutOfRangeException.ThrowIfZero(request.Sources.Count);
        CopyRequest copy = request.Copy;
        PathCheck.Name(copy.Destination);
        OptionCheck.Combination(copy);
        try
        {
            using var destination = DestinationPath.Resolve(request.Sources[0], copy.Destination);
            List<(string Path, long? Size)> files = Check(request, destination);
            using var file = new JoinedFile(request, destination, monitor, files.Aggregate<(string, long? Size), long?>(0, (sum, next) => sum + next.Size));
            TransferResult result = file.Make();
            return PartSeries.FindFault(files) is string fault ? result with { Warnings = [.. result.Warnings, fault] } : result;
        }
        catch (OperationCanceledException)
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"Joining files to '{copy.Destination}' was stopped.", "Start it again.", Errno.ECANCELED, copy.Destination);
        }
    }

    /// <summary>Looks at all files before the first is read, so that one that is missing is not found out after hours.</summary>
    /// <returns>All files, with their sizes where they are known.</returns>
    private static List<(string Path, long? Size)> Check(JoinRequest request, DestinationPath destination)
    {
        List<(string, long?)> files = [];
        foreach (string source in request.Sources)
        {
            PathCheck.Name(source);
            SysResult looked = FileStatus.TryGet(source, followLink: true, out FileStatus? status);
            if (!looked.Ok)
            {
                throw FileFailures.OpenSource(source, looked.Errno);
            }

            if (status!.Identity == destination.Existing?.Identity && status.Kind is DescriptorKind.Regular or DescriptorKind.Block)
            {
                throw RangeCheck.SameFile(source, destination.Path);
            }

            files.Add((source, status is { Kind: DescriptorKind.Regular, Size: > 0 } ? status.Size : null));
        }

        return files;
    }
}

/// <summary>Files to put one behind the other.</summary>
public sealed record JoinRequest
{
    /// <summary>The files, in order: absolute paths.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>The file to make, and how each of the others is copied into it. Its source does not count: the files are named
    /// in <see cref="Sources"/>. Nor do ranges, and what a copy keeps of its source.</summary>
    public required CopyRequest Copy { get; init; }
}
