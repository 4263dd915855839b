using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Measuring;
using Splice.Transfer;

namespace Splice;

/// <summary>Measures the speed of the methods between two folders.</summary>
public static class Measurement
{
    /// <summary>Writes random bytes to a file without a name, and copies it repeatedly to other such files. Nothing of that
    /// remains, however it ends.</summary>
    /// <param name="request">The measurement.</param>
    /// <param name="monitor">Callback and cancellation.</param>
    /// <returns>A result for each method, in the order of the request.</returns>
    /// <exception cref="TransferException">A folder is missing or has too little space, or a copy failed.</exception>
    public static MeasurementReport Run(MeasurementRequest request, MeasurementMonitor monitor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Size, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Iterations, 1);
        SigXfsz.Suppress();
        using var source = TestFolder.Open(request.Path);
        using var destination = TestFolder.Open(request.Destination);
        FreeSpace.Check(source, destination, request.Size);
        var report = new MeasurementReport
        {
            Date = DateTimeOffset.Now,
            Source = MeasuredFolder.Of(source),
            Destination = MeasuredFolder.Of(destination),
            Size = request.Size,
            Iterations = request.Iterations,
            Machine = MeasuredMachine.Read(),
            Results = [],
        };
        try
        {
            return report with { Results = new MeasurementRun(request, source, destination, monitor).Run() };
        }
        catch (Exception exception) when (exception is OperationCanceledException or TransferException { Id: TransferErrorId.Cancelled })
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"Measuring from '{request.Path}' to '{request.Destination}' was stopped. No files are left.",
                "Run the command again.",
                Errno.ECANCELED, request.Destination);
        }
    }
}

/// <summary>Writes measurements as pages of HTML.</summary>
public static class MeasurementPage
{
    /// <summary>Checks before a measurement that a page can be written.</summary>
    /// <param name="path">The page, an absolute path.</param>
    /// <exception cref="TransferException">It cannot.</exception>
    public static void Check(string path)
    {
        CheckName(path);
        using SafeFileHandle empty = InMemory(string.Empty, path);
        MethodTest.Run(new MethodTestRequest
        {
            Source = TransferEndpoint.OfHandle(empty, "the page"),
            Destination = TransferEndpoint.OfPath(path),
        });
    }

    /// <summary>Writes a page. An existing one is replaced when the new one is complete.</summary>
    /// <param name="report">The measurement.</param>
    /// <param name="path">The page, an absolute path.</param>
    /// <param name="monitor">Callback and cancellation.</param>
    /// <returns>The result of the copy.</returns>
    /// <exception cref="TransferException">It was not written; an existing page is unchanged.</exception>
    public static TransferResult Write(MeasurementReport report, string path, TransferMonitor monitor)
    {
        CheckName(path);
        using SafeFileHandle page = InMemory(ReportPage.Write(report), path);

        // A range, so that the page does not take the permissions of the file in memory.
        return FileCopy.Copy(new CopyRequest { Source = LibC.PathOf(page), Offset = 0, Destination = path }, monitor);
    }

    /// <summary>In a folder the page would get the name that it has in memory.</summary>
    private static void CheckName(string path)
    {
        PathCheck.Name(path);
        if (FileStatus.TryGet(path, followLink: true, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Directory)
        {
            throw FileFailures.DestinationIsDirectory(path);
        }
    }

    private static SafeFileHandle InMemory(string text, string path)
    {
        SysResult result = LibC.MemoryFile("page", Encoding.UTF8.GetBytes(text), out SafeFileHandle file);
        if (result.Ok)
        {
            return file;
        }

        file.Dispose();
        throw FileFailures.OpenDestination(path, result.Errno);
    }
}
