using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
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
            return sample with { SystemCalls = ThreadCalls.Count() - before - ThreadCalls.OwnReads };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw TransferFailures.Step(
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

/// <summary>The reads and writes of the calling thread as the kernel counts them, whoever makes them: read(2), write(2) and
/// their like are one each, sendfile(2) and copy_file_range(2) are one read and one write.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man5/proc_pid_io.5.html">proc_pid_io(5)</see>, syscr and syscw</remarks>
internal static class ThreadCalls
{
    /// <summary>Reads that one count adds to the next: of the text, and of its end.</summary>
    public const int OwnReads = 2;

    /// <summary>The calls since the thread began; null where the kernel does not count them.</summary>
    public static long? Count()
    {
        string? text = ProcFile.ReadText("/proc/thread-self/io");
        return ProcFile.FindNumber(text, "syscr") + ProcFile.FindNumber(text, "syscw");
    }
}

/// <summary>What cuts numbers, put in order, into four parts with as many in each.</summary>
/// <param name="First">A quarter of the numbers is below.</param>
/// <param name="Median">Half of them is below.</param>
/// <param name="Third">Three quarters are below.</param>
internal readonly record struct Quartiles(double First, double Median, double Third)
{
    /// <summary>Between two numbers the straight line tells, as in R and NumPy where nothing else is said.</summary>
    /// <param name="numbers">One or more, in any order.</param>
    public static Quartiles Of(IEnumerable<double> numbers)
    {
        double[] ordered = [.. numbers.Order()];
        return new Quartiles(At(ordered, 0.25), At(ordered, 0.5), At(ordered, 0.75));
    }

    private static double At(double[] ordered, double part)
    {
        double place = (ordered.Length - 1) * part;
        int below = (int)place;
        int above = Math.Min(below + 1, ordered.Length - 1);
        return ordered[below] + ((ordered[above] - ordered[below]) * (place - below));
    }
}

/// <summary>One run of a method.</summary>
/// <param name="Elapsed">The time that it took.</param>
/// <param name="Processor">The processor time of its thread, user and system.</param>
/// <param name="SystemCalls">The system calls that it made; null where nobody counts them.</param>
internal readonly record struct Sample(TimeSpan Elapsed, TimeSpan Processor, long? SystemCalls);
