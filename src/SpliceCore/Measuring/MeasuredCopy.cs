using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Measuring;

/// <summary>Runs one method once, from the test data to a new file, which is removed.</summary>
internal sealed class MeasuredCopy(
    TestFolder source, StagedFile data, TestFolder destination, long size, CancellationToken cancellation)
{
    /// <summary>Measures the copy, without creating and removing the file.</summary>
    /// <exception cref="TransferException">It failed, with this method or with every one.</exception>
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

    /// <summary>The calls of .NET take no token. On cancellation the source is truncated, which ends them.</summary>
    private Sample ByDotNet(StagedFile copy, Action<string, string> run)
    {
        using CancellationTokenRegistration stop = cancellation.UnsafeRegister(
            static handle => ThreadPool.UnsafeQueueUserWorkItem(Truncate, (SafeFileHandle)handle!, preferLocal: false), data.Handle);
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

    private static void Truncate(SafeFileHandle file)
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

    /// <summary>An IOException holds the errno; its subclasses have numbers of their own.</summary>
    private static Errno ErrnoOf(Exception exception) => exception switch
    {
        UnauthorizedAccessException => Errno.EACCES,
        { HResult: > 0 and <= ushort.MaxValue } => (Errno)exception.HResult,
        _ => Errno.EIO,
    };

    private static Sample Time(Func<long?> copy)
    {
        SysResult cpu = LibC.ThreadTime();
        long started = Stopwatch.GetTimestamp();
        long? calls = copy();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        long used = LibC.ThreadTime().Value - cpu.Value;
        return new Sample(elapsed, TimeSpan.FromTicks(used / TimeSpan.NanosecondsPerTick), calls);
    }
}

/// <summary>Counts reads and writes of the calling thread as the kernel does: read(2), write(2) and similar calls are one each,
/// sendfile(2) and copy_file_range(2) are one read and one write.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man5/proc_pid_io.5.html">proc_pid_io(5)</see>, syscr and syscw</remarks>
internal static class ThreadCalls
{
    /// <summary>Number of reads that one count adds to the next: the text, and its end.</summary>
    public const int OwnReads = 2;

    /// <summary>Number of calls since the start of the thread; null where the kernel does not count them.</summary>
    public static long? Count()
    {
        string? text = ProcFile.ReadText("/proc/thread-self/io");
        return ProcFile.FindNumber(text, "syscr") + ProcFile.FindNumber(text, "syscw");
    }
}

/// <summary>Quartiles of some numbers.</summary>
internal readonly record struct Quartiles(double First, double Median, double Third)
{
    /// <summary>Interpolates linearly between two numbers, as R and NumPy do by default.</summary>
    public static Quartiles Of(IEnumerable<double> numbers)
    {
        double[] ordered = [.. numbers.Order()];
        return new Quartiles(At(ordered, 0.25), At(ordered, 0.5), At(ordered, 0.75));
    }

    private static double At(double[] ordered, double part)
    {
        double index = (ordered.Length - 1) * part;
        int below = (int)index;
        int above = Math.Min(below + 1, ordered.Length - 1);
        return ordered[below] + ((ordered[above] - ordered[below]) * (index - below));
    }
}

/// <summary>One run of a method, with the CPU time of its thread (user and system).</summary>
internal readonly record struct Sample(TimeSpan Elapsed, TimeSpan Cpu, long? SystemCalls);
