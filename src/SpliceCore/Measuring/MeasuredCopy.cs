using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Measuring;

/// <summary>Runs one method once: from the test data to a new file, which is thrown away.</summary>
internal sealed class MeasuredCopy(
    TestFolder source, StagedFile data, TestFolder destination, long size, CancellationToken cancellation)
{
    /// <summary>Copies, and takes the time. To make the file, and to throw it away, does not count.</summary>
    /// <exception cref="TransferException">It could not be done this way, or at all.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public Sample Run(MeasuredMethod method)
    {
        using StagedFile copy = destination.NewFile(cancellation);
        return method switch
        {
            MeasuredMethod.StreamCopyTo => ByDotNet(copy, CopyStream),
            MeasuredMethod.FileCopy => ByDotNet(copy, static (from, to) => File.Copy(from, to, overwrite: true)),
            _ => Time(() => CopyByEngine((TransferMethod)method, copy).SystemCalls),
        };
    }

    private TransferResult CopyByEngine(TransferMethod method, StagedFile copy) => HandleTransfer.Run(
        new HandleTransferRequest
        {
            Source = data.Handle,
            SourceName = source.Path,
            Offset = 0,
            Count = size,
            Destination = copy.Handle,
            DestinationName = destination.Path,
            DestinationOffset = 0,
            Method = method,
        },
        new TransferMonitor(Cancellation: cancellation));

    private static void CopyStream(string from, string to)
    {
        using FileStream input = File.OpenRead(from);
        using FileStream output = File.Create(to);
        input.CopyTo(output);
    }

    /// <summary>.NET knows no token here. When the user stops, its source has come to its end, and so has the loop.</summary>
    private Sample ByDotNet(StagedFile copy, Action<string, string> run)
    {
        using CancellationTokenRegistration stop = cancellation.UnsafeRegister(
            static handle => ThreadPool.UnsafeQueueUserWorkItem(CutShort, (SafeFileHandle)handle!, preferLocal: false), data.Handle);
        long? before = ThreadCalls.Count();
        try
        {
            Sample sample = Time(() =>
            {
                run(LibC.PathOf(data.Handle), LibC.PathOf(copy.Handle));
                return null;
            });
            cancellation.ThrowIfCancellationRequested();
            return sample with { SystemCalls = ThreadCalls.Count() - before - 1 };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw Failures.Step(
                TransferMethod.ReadWrite, ErrnoOf(exception), TransferSide.Unknown, source.Path, destination.Path, arrived: 0);
        }
    }

    private static void CutShort(SafeFileHandle file)
    {
        try
        {
            LibC.Truncate(file, 0);
        }
        catch (ObjectDisposedException)
        {
            // The run ended at the same moment.
        }
    }

    /// <summary>An IOException has the number that the kernel said; those derived from it have numbers of their own.</summary>
    private static Errno ErrnoOf(Exception exception) => exception switch
    {
        UnauthorizedAccessException => Errno.EACCES,
        { HResult: > 0 and <= ushort.MaxValue } => (Errno)exception.HResult,
        _ => Errno.EIO,
    };

    private static Sample Time(Func<long?> copy)
    {
        SysResult processor = LibC.ThreadTime();
        long started = Stopwatch.GetTimestamp();
        long? calls = copy();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        long used = LibC.ThreadTime().Value - processor.Value;
        return new Sample(elapsed, TimeSpan.FromTicks(used / TimeSpan.NanosecondsPerTick), calls);
    }
}
