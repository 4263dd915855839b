using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Parts;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice;

/// <summary>Cuts files into parts.</summary>
public static class FileSplit
{
    /// <summary>Creates all parts of a file, and then gives them their names.</summary>
    /// <param name="request">The file and the parts.</param>
    /// <param name="monitor">Cancellation and progress.</param>
    /// <returns>One result for each part, in order.</returns>
    /// <exception cref="TransferException">It failed: no part is left, and files with the names of parts are unchanged.</exception>
    public static IReadOnlyList<TransferResult> Split(SplitRequest request, TransferMonitor monitor)
    {
        request.Copy.ThrowIfInvalid();
        long started = Stopwatch.GetTimestamp();
        try
        {
            var opened = new TransferCounters();
            Descriptor source = SourceFile.Open(request.Copy.Source, monitor.Cancellation, Retrier.For(request.Copy.Retry, monitor, opened));
            using (source.Handle)
            using (SafeFileHandle folder = OpenFolder(request.Copy.Destination))
            using (SourceSnapshot? snapshot = SourceSnapshot.IsNeeded(source) ? SourceSnapshot.Take(source, request.Copy.Destination, monitor) : null)
            {
                return Split(request, snapshot?.Content ?? source, folder, monitor, opened, started);
            }
        }
        catch (OperationCanceledException)
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"Splitting '{request.Copy.Source}' was stopped. No part is left.",
                "Run the command again.", Errno.ECANCELED, request.Copy.Source);
        }
    }

    private static List<TransferResult> Split(
        SplitRequest request, Descriptor source, SafeFileHandle folder, TransferMonitor monitor, TransferCounters opened, long started)
    {
        if (!source.IsSeekable || (source.Size == 0 && source.Kind != DescriptorKind.Regular))
        {
            throw new TransferException(TransferErrorId.NotSeekable,
                $"The size of '{source.Name}' is unknown: it is a {source.Kind}.",
                "Copy it to a file first.", Errno.ESPIPE, source.Name);
        }

        SysResult blockSize = LibC.FileSystemBlockSize(source.Handle);
        IReadOnlyList<PartPlan.Range> parts = PartPlan.Cut(request, source.Size, blockSize is { Ok: true, Value: > 0 } ? blockSize.Value : 1);
        var named = PartNames.Of(request, parts.Count);
        IReadOnlyList<string> names = named.All;
        IReadOnlyList<string> stale = named.FindStale(
            folder, request.Copy.Destination, name => Look(folder, name)?.Inode == source.Status.Inode, out IReadOnlyList<string> others);
        CheckStale(request, folder, stale);
        string first = Path.Join(request.Copy.Destination, names[0]);
        using SafeFileHandle? flushed = request.Copy.Flush
            ? DiskFlush.OpenFolder(new DestinationEntry(folder, names[0], Existing: null, first, MayReplace: false))
            : null;
        var progress = new CombinedProgress(monitor, started, source.Size);
        List<DestinationWriter> staged = [];
        try
        {
            for (int i = 0; i < parts.Count; i++)
            {
                CopyRequest part = request.Copy with { Offset = parts[i].Start, Count = parts[i].Length, IsPart = true };
                TransferCounters counters = i == 0 ? opened : new TransferCounters();
                DestinationWriter file = Open(part, source, folder, names[i], progress.Next(), counters);
                staged.Add(file);
                file.Write();
                if (part.CreatedFiles is not null)
                {
                    file.Identify();
                }

                counters.Stop();
            }

            // Parts that share blocks were cut at different times.
            ChangeCheck.ThrowIfSourceChanged(source, request.Copy.AllowChanging);
            if (EndCheck.IsLongerThanItsSize(source))
            {
                throw EndCheck.LongerThanItsSize(source);
            }

            CommitAll(staged, [.. stale.Select(name => new DestinationEntry(
                folder, name, Existing: null, Path.Join(request.Copy.Destination, name), MayReplace: false))]);
            if (flushed is not null)
            {
                FlushNames(flushed, first, monitor.Cancellation);
            }

            staged.ForEach(file => request.Copy.CreatedFiles?.AddFile(file.Identity!.Value));
            List<TransferResult> results = [.. staged.Select(file => file.Result())];
            results[0] = results[0] with { Warnings = [.. results[0].Warnings, .. named.Warnings(others)] };
            return results;
        }
        finally
        {
            foreach (DestinationWriter file in staged)
            {
                file.Dispose();
            }
        }
    }

    private static DestinationWriter Open(
        CopyRequest request, Descriptor source, SafeFileHandle folder, string name, TransferMonitor monitor, TransferCounters counters)
    {
        string path = Path.Join(request.Destination, name);
        SysResult looked = FileStatus.TryGet(folder, name, followLink: false, out FileStatus? existing);
        if (!looked.Ok && looked.Errno != Errno.ENOENT)
        {
            throw FileFailures.OpenDestination(path, looked.Errno);
        }

        var place = new DestinationEntry(folder, name, existing, path, MayReplace: !request.NoClobber);
        ExistingDestination.Check(request, source.Status, request.Source, place);
        TransferSpec spec = request.ToSpec(source, monitor, counters);
        return new DestinationWriter(request, source, place, spec, monitor, counters, new MetadataWarnings());
    }

    /// <summary>Parts of an earlier split are an error unless they may be removed: a wildcard would join them with the new ones.</summary>
    private static void CheckStale(SplitRequest request, SafeFileHandle folder, IReadOnlyList<string> stale)
    {
        bool canRemove = !request.Copy.NoClobber && stale.All(name => Look(folder, name)?.Kind == DescriptorKind.Regular);
        if (stale.Count > 0 && !(canRemove && request.Copy.Force))
        {
            throw new TransferException(TransferErrorId.StaleParts,
                $"'{request.Copy.Destination}' has parts of an earlier split that the new ones would not replace: {PartNames.Listed(stale)}. Nothing was written.",
                canRemove ? "Use -Force to remove these files, or choose another folder." : "Remove them, or choose another folder.",
                Errno.EEXIST, Path.Join(request.Copy.Destination, stale[0]));
        }
    }

    private static FileStatus? Look(SafeFileHandle folder, string name)
    {
        FileStatus.TryGet(folder, name, followLink: false, out FileStatus? status);
        return status;
    }

    /// <summary>Gives all parts their names, or none of them.</summary>
    private static void CommitAll(List<DestinationWriter> staged, List<DestinationEntry> stale)
    {
        List<(ReplacedFile Old, DestinationWriter? New)> done = [];
        try
        {
            staged.ForEach(file => done.Add((file.CommitReversibly(), file)));
            stale.ForEach(place => done.Add((ReplacedFile.Hide(place), null)));
        }
        catch (Exception exception)
        {
            string left = string.Join(' ', done.Select(file => file.Old.PutBack(file.New?.Handle)).OfType<string>());
            if (left.Length > 0 && exception is TransferException failed)
            {
                throw failed.Adding(left);
            }

            throw;
        }

        done.ForEach(file => file.Old.Forget());
    }

    private static void FlushNames(SafeFileHandle folder, string path, CancellationToken cancellation)
    {
        try
        {
            DiskFlush.OfFolder(folder, path, cancellation);
        }
        catch (OperationCanceledException)
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"All parts are complete, '{path}' is the first, but the split was stopped before their names were on the disk.",
                "Run sync(1) to flush them.",
                Errno.ECANCELED, path);
        }
    }

    private static SafeFileHandle OpenFolder(string path)
    {
        SysResult opened = LibC.Open(path, LibC.O_PATH | LibC.O_DIRECTORY, out SafeFileHandle folder);
        if (opened.Ok)
        {
            return folder;
        }

        folder.Dispose();
        throw FileFailures.OpenFolder(path, opened.Errno);
    }
}

/// <summary>A file to split into parts. Exactly one of <see cref="PartSize"/> and <see cref="PartCount"/> is set.</summary>
public sealed record SplitRequest
{
    /// <summary>The file, the folder for its parts, and the options of each copy. Ranges are ignored.</summary>
    public required CopyRequest Copy { get; init; }

    /// <summary>The size of all parts but the last, in bytes; 1 or more.</summary>
    public long? PartSize { get; init; }

    /// <summary>Number of parts of about the same size, 1 or more, which begin at the file system's blocks, so that they can share
    /// them.</summary>
    public int? PartCount { get; init; }

    /// <summary>The parts' names, as <see cref="string.Format(IFormatProvider, string, object, object)"/> takes it: {0} is the
    /// file's name, {1} the part's number from 1 on. Null: the file's name, a dot, and as many digits as all need, at least
    /// three.</summary>
    public string? NameFormat { get; init; }
}
