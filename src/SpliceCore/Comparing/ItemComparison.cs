using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Splice.Comparing;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice;

/// <summary>Compares two files or block devices, or two folders with all that is in them.</summary>
public static class ItemComparison
{
    private const int Flags = LibC.O_RDONLY | LibC.O_NOCTTY | LibC.O_NONBLOCK;

    /// <summary>Compares. An entry of a folder that cannot be compared is reported, and the comparison continues.</summary>
    /// <param name="request">The two items, and what is compared.</param>
    /// <param name="monitor">Callbacks and cancellation.</param>
    /// <returns>The sums.</returns>
    /// <exception cref="TransferException">The two items cannot be compared: one is missing, cannot be read, or
    /// changed during the comparison.</exception>
    /// <exception cref="OperationCanceledException">The comparison was stopped.</exception>
    public static ComparisonSummary Compare(ComparisonRequest request, ComparisonMonitor monitor)
    {
        FileStatus reference = Look(request.ReferencePath);
        FileStatus difference = Look(request.DifferencePath);
        bool isFolder = reference.Kind == DescriptorKind.Directory;
        if (!isFolder && difference.Kind == DescriptorKind.Directory)
        {
            request = request with { DifferencePath = Path.Join(request.DifferencePath, NameOf(request.ReferencePath)) };
            difference = Look(request.DifferencePath);
        }

        if (isFolder != (difference.Kind == DescriptorKind.Directory))
        {
            throw ComparisonErrors.FolderAndFile(isFolder ? request.ReferencePath : request.DifferencePath, isFolder ? request.DifferencePath : request.ReferencePath);
        }

        if (isFolder)
        {
            return request.Recurse
                ? new TreeComparison(request, monitor).Run()
                : throw ComparisonErrors.IsFolder(request.ReferencePath);
        }

        ComparisonResult result = CompareFiles(request, reference.Kind, difference.Kind, monitor);
        ComparisonNotes.Note(request, result.BytesRead, result.BytesShared, result.BytesInHoles);
        monitor.Compared?.Invoke(result);
        return new ComparisonSummary(1, result.Equal ? 0 : 1, 0);
    }

    private static ComparisonResult CompareFiles(
        ComparisonRequest request, DescriptorKind referenceKind, DescriptorKind differenceKind, ComparisonMonitor monitor)
    {
        long started = Stopwatch.GetTimestamp();
        using SafeFileHandle one = Open(request, request.ReferencePath, referenceKind, monitor.Cancellation, out Descriptor reference);
        using SafeFileHandle other = Open(request, request.DifferencePath, differenceKind, monitor.Cancellation, out Descriptor difference);
        var comparison = new EntryComparison(request, monitor.Cancellation);
        return comparison.Run(
            NameOf(request.ReferencePath), reference, difference, findsOffset: !request.StopAtDifference, reportsEqual: true, request.Threads, tick: () =>
            {
                var content = comparison.Content!;
                monitor.Progress?.Invoke(new TransferProgress(content.BytesDone, content.TotalBytes, Stopwatch.GetElapsedTime(started)));
            })!;
    }

    private static FileStatus Look(string path)
    {
        PathCheck.Name(path);
        SysResult looked = FileStatus.TryGet(path, followLink: true, out FileStatus? status);
        return looked.Ok ? status! : throw FileFailures.OpenSource(path, looked.Errno);
    }

    private static SafeFileHandle Open(
        ComparisonRequest request, string path, DescriptorKind kind, CancellationToken cancellation, out Descriptor descriptor)
    {
        if (kind is not (DescriptorKind.Regular or DescriptorKind.Block))
        {
            throw ComparisonErrors.HasNoSize(path, kind);
        }

        // With O_PATH, the size of a device cannot be read (EBADF).
        ComparedProperties read = ComparedProperties.Content | (kind == DescriptorKind.Block ? ComparedProperties.Size : default);
        int flags = (request.Properties & read) != 0 ? Flags : LibC.O_PATH;
        SysResult opened = LeasedFile.Open(path, flags, cancellation, out SafeFileHandle handle);
        if (!opened.Ok)
        {
            throw FileFailures.OpenSource(path, opened.Errno);
        }

        try
        {
            descriptor = Descriptor.Describe(handle, path);
            return descriptor.Kind == kind ? handle : throw ComparisonErrors.Changed(path);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
}

/// <summary>Reports with -Verbose what was not read, and why.</summary>
internal static class ComparisonNotes
{
    public static void Note(ComparisonRequest request, long read, long shared, long inHoles) => TransferTrace.Current?.Note(
        $"{request.ReferencePath} and {request.DifferencePath}: {ByteText.Of(read)} read; {ByteText.Of(shared)} in shared blocks and {ByteText.Of(inHoles)} in holes not read");
}

/// <summary>Errors of comparisons.</summary>
internal static class ComparisonErrors
{
    public static TransferException IsFolder(string path) => new(TransferErrorId.SourceIsDirectory,
        $"'{path}' is a folder.",
        "Use -Recurse to compare its content, or specify a file in it.",
        Errno.EISDIR, path);

    public static TransferException FolderAndFile(string folder, string file) => new(TransferErrorId.SourceIsDirectory,
        $"'{folder}' is a folder, and '{file}' is not.",
        "Specify two folders, or two files.",
        Errno.EISDIR, folder);

    public static TransferException HasNoSize(string path, DescriptorKind kind) => new(TransferErrorId.NotSeekable,
        $"'{path}' is a {EntryComparison.TypeOf(kind)}: only files and block devices can be compared.",
        "Copy its output to a file with Copy-ItemZeroCopy, and compare that file.",
        Errno.ESPIPE, path);

    public static TransferException Changed(string path) => new(TransferErrorId.SourceChanged,
        $"'{path}' changed during the comparison.",
        "Compare it again while no other process writes to it.",
        target: path);

    public static TransferException Loop(string path) => new(TransferErrorId.FolderChanged,
        $"'{path}' contains itself through a bind mount, and was skipped.",
        "Unmount it, or compare the other folders one by one.",
        Errno.ELOOP, path);
}
