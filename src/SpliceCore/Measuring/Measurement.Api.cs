using Splice.Transfer;

namespace Splice;

/// <summary>A measurement to run.</summary>
public sealed record MeasurementRequest
{
    /// <summary>The folder for the test data, an absolute path.</summary>
    public required string Path { get; init; }

    /// <summary>The folder for the copies, an absolute path. It may be the same.</summary>
    public required string Destination { get; init; }

    /// <summary>Size of the test data and of each copy, in bytes, at least 1.</summary>
    public long Size { get; init; } = 1L << 30;

    /// <summary>The methods to run. Duplicates are ignored.</summary>
    public IReadOnlyList<MeasuredMethod> Methods { get; init; } = Enum.GetValues<MeasuredMethod>();

    /// <summary>Number of runs of each method, after a warm-up run that is not counted; at least 1.</summary>
    public int Iterations { get; init; } = 5;
}

/// <summary>Callback and cancellation of a measurement.</summary>
/// <param name="Progress">Called between the runs, on the thread of the measurement; may be null.</param>
/// <param name="Cancellation">Stops the measurement.</param>
public sealed record MeasurementMonitor(Action<MeasurementProgress>? Progress = null, CancellationToken Cancellation = default);

/// <summary>Progress of a measurement.</summary>
/// <param name="Method">The next method; null while the test data are written.</param>
/// <param name="Round">Number of its round, from 1; 0 for the warm-up.</param>
/// <param name="Rounds">Number of rounds.</param>
/// <param name="BytesDone">Bytes written and copied so far.</param>
/// <param name="TotalBytes">Bytes to write and copy.</param>
/// <param name="Elapsed">Time since the start.</param>
public readonly record struct MeasurementProgress(
    MeasuredMethod? Method, int Round, int Rounds, double BytesDone, double TotalBytes, TimeSpan Elapsed);

/// <summary>The speed of a method between two folders, or why it is unavailable there.</summary>
public sealed record MeasurementResult
{
    private readonly TextList<TimeSpan> _times = [];

    /// <summary>The method.</summary>
    public required MeasuredMethod Method { get; init; }

    /// <summary>True if it is available here. Otherwise it was not run, and all measured values are null.</summary>
    public required bool IsAvailable { get; init; }

    /// <summary>The error of the kernel; <see cref="Splice.Errno.None"/> if there was none, or no call was made.</summary>
    public Errno Errno { get; init; }

    /// <summary>Why it is available, or why not.</summary>
    public required string Reason { get; init; }

    /// <summary>True if it is the one that -Method Auto of the other cmdlets uses here.</summary>
    public bool IsAuto { get; init; }

    /// <summary>The folder of the test data.</summary>
    public required string Source { get; init; }

    /// <summary>The folder of the copies.</summary>
    public required string Destination { get; init; }

    /// <summary>Size of each copy in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>The time of each run, in order, without the warm-up.</summary>
    public required IReadOnlyList<TimeSpan> Times { get => _times; init => _times = TextList.From(value); }

    /// <summary>The median of the times.</summary>
    public TimeSpan? Median { get; init; }

    /// <summary>The first quartile of the times.</summary>
    public TimeSpan? FirstQuartile { get; init; }

    /// <summary>The third quartile of the times.</summary>
    public TimeSpan? ThirdQuartile { get; init; }

    /// <summary>The spread of the times, from the first quartile to the third.</summary>
    public TimeSpan? InterquartileRange => ThirdQuartile - FirstQuartile;

    /// <summary>Bytes per second, at the median.</summary>
    public double? BytesPerSecond { get; init; }

    /// <summary>Median CPU time of the copying thread, user and system, for 1 GiB. Later writes of the kernel to the disk are not
    /// included.</summary>
    public TimeSpan? CpuPerGiB { get; init; }

    /// <summary>Median number of system calls of a run; of the baselines, reads and writes only. Null where the kernel does not
    /// count them.</summary>
    public long? SystemCalls { get; init; }
}

/// <summary>A measurement, with the machine and the folders.</summary>
public sealed record MeasurementReport
{
    private readonly TextList<MeasurementResult> _results = [];

    /// <summary>The time of its start.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>The folder of the test data.</summary>
    public required MeasuredFolder Source { get; init; }

    /// <summary>The folder of the copies.</summary>
    public required MeasuredFolder Destination { get; init; }

    /// <summary>Size of each copy in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Number of runs of each method, without the warm-up.</summary>
    public required int Iterations { get; init; }

    /// <summary>The machine.</summary>
    public required MeasuredMachine Machine { get; init; }

    /// <summary>A result for each method.</summary>
    public required IReadOnlyList<MeasurementResult> Results { get => _results; init => _results = TextList.From(value); }
}

/// <summary>Methods that can be measured: those of the engine, and those of .NET as baselines.</summary>
public enum MeasuredMethod
{
    /// <summary>Share the blocks on the disk: ioctl_ficlone(2), ioctl_ficlonerange(2).</summary>
    Reflink = TransferMethod.Reflink,

    /// <summary>copy_file_range(2).</summary>
    CopyFileRange = TransferMethod.CopyFileRange,

    /// <summary>sendfile(2).</summary>
    SendFile = TransferMethod.SendFile,

    /// <summary>splice(2), through a pipe.</summary>
    Splice = TransferMethod.Splice,

    /// <summary>read(2) and write(2).</summary>
    ReadWrite = TransferMethod.ReadWrite,

    /// <summary>A baseline: Stream.CopyTo from one FileStream to another, a loop of reads and writes.</summary>
    StreamCopyTo,

    /// <summary>A baseline: File.Copy, which is what Copy-Item calls.</summary>
    FileCopy,
}
