using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Measuring.Page;

namespace Splice;

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
            throw Failures.DestinationIsDirectory(path);
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
            throw Failures.OpenDestination(path, result.Errno);
        }

        return file;
    }
}
