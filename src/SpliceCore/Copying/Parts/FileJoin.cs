using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Parts;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice;

/// <summary>Concatenates files.</summary>
public static class FileJoin
{
    /// <summary>Makes one file of several, which gets its name when it is complete.</summary>
    /// <param name="request">The files to join.</param>
    /// <param name="monitor">Cancellation and progress.</param>
    /// <returns>One result for all files together.</returns>
    /// <exception cref="TransferException">It failed; a regular file that was to be replaced is unchanged.</exception>
    public static TransferResult Join(JoinRequest request, TransferMonitor monitor)
    {
        ArgumentOutOfRangeException.ThrowIfZero(request.Sources.Count);
        CopyRequest copy = request.Copy;
        copy.ThrowIfInvalid();
        var sums = new TransferCounters();
        try
        {
            using var place = DestinationEntry.Resolve(request.Sources[0], copy.Destination, mayReplace: !copy.NoClobber);
            List<(string Path, long? Size)> files = FindFiles(request, place);
            long? total = files.Aggregate<(string, long? Size), long?>(0, (sum, next) => sum + next.Size);
            using var run = new Run(request, place, monitor, sums, total);
            TransferResult result = run.Join();
            string? fault = PartSeries.FindForeign(request.Sources) is { } foreign ? Problem(foreign) : PartSeries.FindFault(files);
            return fault is not null ? result with { Warnings = [.. result.Warnings, fault] } : result;
        }
        catch (OperationCanceledException)
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"Joining files to '{copy.Destination}' was stopped.", "Run the command again.", Errno.ECANCELED, copy.Destination);
        }
    }

    /// <summary>Checks the files and the destination, and writes nothing.</summary>
    /// <param name="request">The files to join.</param>
    /// <exception cref="TransferException">They cannot be joined: for example, a part is missing.</exception>
    public static void Check(JoinRequest request)
    {
        ArgumentOutOfRangeException.ThrowIfZero(request.Sources.Count);
        request.Copy.ThrowIfInvalid();
        using var place = DestinationEntry.Resolve(request.Sources[0], request.Copy.Destination, mayReplace: !request.Copy.NoClobber);
        FindFiles(request, place);
    }

    /// <summary>Checks all files before the first is read, so that a missing one is not found out after hours.</summary>
    private static List<(string Path, long? Size)> FindFiles(JoinRequest request, DestinationEntry place)
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

            if (status!.Identity == place.Existing?.Identity && status.Kind is DescriptorKind.Regular or DescriptorKind.Block)
            {
                throw RangeCheck.SameFile(source, place.Path);
            }

            files.Add((source, SizeOf(source, status)));
        }

        return request.Copy.Force ? files
            : PartSeries.FindForeign(request.Sources) is { } foreign ? throw NotAPart(foreign)
            : PartSeries.FindMissing(request.Sources) is string missing ? throw MissingPart(missing)
            : files;
    }

    /// <summary>Returns the size of a regular file; null for others, and for generated ones, which have no blocks.</summary>
    private static long? SizeOf(string path, FileStatus status) =>
        status.Kind != DescriptorKind.Regular || (status.AllocatedBytes == 0 && IsGenerated(path)) ? null : status.Size;

    private static bool IsGenerated(string path)
    {
        SysResult opened = LibC.Open(path, LibC.O_PATH, out SafeFileHandle handle);
        using (handle)
        {
            return opened.Ok && FileSystemTypes.IsGenerated(handle);
        }
    }

    private static TransferException NotAPart(ForeignFile foreign) => new(TransferErrorId.NotAPart,
        $"{Problem(foreign)} Nothing was written.",
        $"Specify the parts only, for example as '{foreign.Pattern}', or use -Force to join the other files as well.",
        target: foreign.Path);

    private static string Problem(ForeignFile foreign) => $"'{foreign.Path}' is not a part of '{foreign.Whole}'.";

    private static TransferException MissingPart(string path) => new(TransferErrorId.MissingPart,
        $"The part '{path}' is not among the files to join. Nothing was written.",
        "Add that part, or use -Force to join the others.",
        Errno.ENOENT, path);

    /// <summary>One join. A new file is as private as the first of its parts, and keeps nothing else of them.</summary>
    private sealed class Run(JoinRequest request, DestinationEntry place, TransferMonitor monitor, TransferCounters sums, long? total) : IDisposable
    {
        private readonly CombinedProgress _progress = new(monitor, Stopwatch.GetTimestamp(), total);
        private readonly MetadataWarnings _warnings = new();
        private readonly List<MethodAttempt> _attempts = [];
        private DestinationWriter? _writer;
        private long _files;

        public TransferResult Join()
        {
            try
            {
                foreach (string source in request.Sources)
                {
                    Add(request.Copy with
                    {
                        Source = source,
                        Preserve = PreserveAttributes.None,
                        InPlace = false,
                        Append = false,
                        Resume = false,
                        Verify = false,
                    });
                }

                _writer!.Finish();
                _writer.Commit();
                return Result();
            }
            catch (TransferException exception) when (_writer is not null)
            {
                exception.Partial = Result();
                throw;
            }
        }

        public void Dispose() => _writer?.Dispose();

        private void Add(CopyRequest copy)
        {
            var counters = new TransferCounters();
            Descriptor source = SourceFile.Open(copy.Source, monitor.Cancellation, Retrier.For(copy.Retry, monitor, counters));
            using (source.Handle)
            {
                ExistingDestination.Check(copy, source.Status, copy.Source, place);
                TransferSpec spec = copy.ToSpec(source, monitor, counters);
                TransferMonitor watch = _progress.Next();
                if (_writer is null)
                {
                    _writer = new DestinationWriter(copy, source, place, spec, watch, counters, _warnings);
                }
                else
                {
                    _writer.Continue(source, spec, watch, counters);
                }

                try
                {
                    _writer.WriteContent();
                }
                finally
                {
                    Count(counters, _writer.Attempts);
                }
            }
        }

        private void Count(TransferCounters counters, IReadOnlyList<MethodAttempt> attempts)
        {
            sums.Add(counters);
            _files++;
            _attempts.AddRange(attempts.Where(attempt => !_attempts.Contains(attempt)));
        }

        private TransferResult Result() => _writer!.Result() with
        {
            Source = request.Sources.Count == 1 ? request.Sources[0] : $"{request.Sources[0]} and {request.Sources.Count - 1} more",
            Offset = null,
            DestinationOffset = place.Existing is { Kind: not (DescriptorKind.Regular or DescriptorKind.Block) } ? null : 0,
            BytesMoved = sums.BytesMoved,
            BytesReflinked = sums.BytesReflinked,
            BytesInHoles = sums.BytesInHoles,
            FileCount = _files,
            Method = sums.MainMethod,
            Attempts = _attempts,
            SystemCalls = sums.SystemCalls,
            Retries = sums.Retries,
            Elapsed = sums.Elapsed,
        };
    }
}

/// <summary>Files to concatenate.</summary>
public sealed record JoinRequest
{
    /// <summary>The files, in order: absolute paths.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>The file to make, and how each of the others is copied into it. Its source, ranges, and what a copy preserves of its
    /// source are ignored. With Force, a missing part is a warning.</summary>
    public required CopyRequest Copy { get; init; }
}
