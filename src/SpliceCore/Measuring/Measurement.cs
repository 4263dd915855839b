using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Measuring;
using Splice.Measuring.Page;
using Splice.Transfer;

namespace Splice;

/// <summary>Measures how fast the methods are between two folders.</summary>
public static class Measurement
{
    /// <summary>Writes random bytes into a file without a name, and copies them to others again and again. Nothing of that is
    /// left, however it ends.</summary>
    /// <param name="request">What to measure.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <returns>A result for each method, in the order of the request.</returns>
    /// <exception cref="TransferException">There is no such folder or no room in it, or a copy failed.</exception>
    public static MeasurementReport Run(MeasurementRequest request, MeasurementMonitor monitor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Size, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Iterations, 1);
        FileSizeSignal.Handle();
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
            return report with { Results = new MeasuringRun(request, source, destination, monitor).Run() };
        }
        catch (Exception exception) when (IsStop(exception))
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"Measuring from '{request.Path}' to '{request.Destination}' was stopped. Nothing of it is left.",
                "Start it again.",
                Errno.ECANCELED, request.Destination);
        }
    }

    private static bool IsStop(Exception exception) =>
        exception is OperationCanceledException or TransferException { Id: TransferErrorId.Cancelled };
}

/// <summary>Puts measurements into pages of HTML.</summary>
public static class MeasurementPage
{
    /// <summary>Looks whether a page could be written, so that nobody finds out after the measurement.</summary>
    /// <param name="path">The page, an absolute path.</param>
    /// <exception cref="TransferException">It could not.</exception>
    public static void Check(string path)
    {
        CheckName(path);
        using SafeFileHandle empty = InMemory(string.Empty, path);
        MethodTest.Run(new MethodTestRequest
        {
            Source = StreamEnd.OfHandle(empty, "the page"),
            Destination = StreamEnd.OfPath(path),
        });
    }

    /// <summary>Writes a page. One that is there is replaced when the new one is complete.</summary>
    /// <param name="report">What was measured.</param>
    /// <param name="path">The page, an absolute path.</param>
    /// <param name="monitor">When to stop.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="TransferException">It was not written; what was there is as before.</exception>
    public static TransferResult Write(MeasurementReport report, string path, TransferMonitor monitor)
    {
        CheckName(path);
        using SafeFileHandle page = InMemory(ReportPage.Write(report), path);

        // A part of a file, not the file: a page takes no permissions of it.
        return FileCopy.Copy(new CopyRequest { Source = LibC.PathOf(page), Offset = 0, Destination = path }, monitor);
    }

    /// <summary>A folder would take the page under the name that it has in memory.</summary>
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
        SysResult result = LibC.MemoryFile("page", out SafeFileHandle file);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int at = 0; result.Ok && at < bytes.Length; at += (int)result.Value)
        {
            result = LibC.Write(file, bytes.AsSpan(at), at);
        }

        if (!result.Ok)
        {
            file.Dispose();
            throw FileFailures.OpenDestination(path, result.Errno);
        }

        return file;
    }
}
