using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Measuring;

/// <summary>A measurement that is stopped leaves nothing.</summary>
[Collection(SerialCollection.Name)]
public sealed class MeasurementStopTests(MountedFileSystems fileSystems, ITestOutputHelper output)
{
    private const int MiB = 1 << 20;
    private const int Tries = 20;

    private static int Rounds => FullRun.Rounds(everyday: 8, full: 20);

    [Theory]
    [InlineData(FileSystem.Tmpfs)]
    [InlineData(FileSystem.Ext4)]
    public void At_any_moment(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        int seed = FullRun.Seed(output);
        var random = new Random(seed);
        MeasurementRequest request = Request(folder, 4 * MiB, iterations: 100, Enum.GetValues<MeasuredMethod>());
        for (int i = 0; i < Rounds; i++)
        {
            using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.Next(200)));
            TransferException error = Assert.Throws<TransferException>(
                () => Measurement.Run(request, new MeasurementMonitor(Cancellation: stop.Token)));
            Assert.True(error.Id == TransferErrorId.Cancelled, $"seed {seed}, round {i}: {error.Message}");
            Assert.Empty(folder.Names);
        }

        WaitUntilNothingIsOpen(folder);
    }

    [Fact]
    public void Before_every_step_that_progress_tells()
    {
        using var folder = new Workspace();
        int steps = 0;
        MeasurementRequest request = Request(folder, 2 * MiB, iterations: 1, Enum.GetValues<MeasuredMethod>());
        Measurement.Run(request, new MeasurementMonitor(_ => steps++));
        Assert.InRange(steps, 2, 100);
        for (int last = 1; last <= steps; last++)
        {
            using var stop = new CancellationTokenSource();
            int left = last;
            TransferException error = Assert.Throws<TransferException>(() => Measurement.Run(request, new MeasurementMonitor(
                _ =>
                {
                    if (--left == 0)
                    {
                        stop.Cancel();
                    }
                },
                stop.Token)));
            Assert.Equal(TransferErrorId.Cancelled, error.Id);
            Assert.Equal(0, left);
        }

        WaitUntilNothingIsOpen(folder);
    }

    [Fact]
    public void No_descriptor_is_left()
    {
        using var folder = new Workspace();
        MeasurementRequest request = Request(folder, 100_000, iterations: 1, Enum.GetValues<MeasuredMethod>());
        OpenDescriptors.AssertNoneLeft(() => Measurement.Run(request, new MeasurementMonitor()));
    }

    [Theory]
    [InlineData(MeasuredMethod.StreamCopyTo)]
    [InlineData(MeasuredMethod.FileCopy)]
    public void In_the_middle_of_a_copy_of_dotnet(MeasuredMethod method)
    {
        const int Size = 128 * MiB;
        using Workspace folder = fileSystems.NewFolder(FileSystem.Tmpfs);
        MeasurementRequest request = Request(folder, Size, iterations: 1000, method);
        long length = Size;
        for (int i = 0; i < Tries && length == Size; i++)
        {
            using var stop = new CancellationTokenSource();
            var measuring = new Worker<MeasurementReport>(() => Measurement.Run(request, new MeasurementMonitor(Cancellation: stop.Token)));
            using SafeFileHandle copy = OpenBegun(folder, Size, measuring);
            stop.Cancel();
            Assert.Equal(TransferErrorId.Cancelled, measuring.JoinFailed<TransferException>().Id);
            length = RandomAccess.GetLength(copy);
        }

        Assert.InRange(length, 1, Size - 1);
        Assert.Empty(folder.Names);
        WaitUntilNothingIsOpen(folder);
    }

    /// <summary>A second handle to a copy that has some of its bytes and not all: the data are complete before it begins.</summary>
    private static SafeFileHandle OpenBegun(Workspace folder, long size, Worker<MeasurementReport> measuring)
    {
        long end = Environment.TickCount64 + (long)Wait.Limit.TotalMilliseconds;
        bool isFull = false;
        while (true)
        {
            Assert.True(Environment.TickCount64 < end, "No copy begins.");
            Assert.Null(measuring.EndReport);
            foreach (string link in OpenIn(folder))
            {
                // Without the lock of .NET, which the copy would run into.
                if (!LibC.Open(link, LibC.O_RDONLY, out SafeFileHandle file).Ok)
                {
                    continue; // already closed
                }

                long length = RandomAccess.GetLength(file);
                isFull |= length == size;
                if (isFull && length > 0 && length < size)
                {
                    return file;
                }

                file.Dispose();
            }
        }
    }

    /// <summary>The files are closed in the background when nobody is to wait.</summary>
    private static void WaitUntilNothingIsOpen(Workspace folder) =>
        Wait.Until(() => OpenIn(folder).Count == 0, "A file of a stopped measurement stays open.");

    private static List<string> OpenIn(Workspace folder) =>
    [
        .. Directory.GetFileSystemEntries("/proc/self/fd").Where(link => LinkOf(link).StartsWith(folder.Folder + "/", StringComparison.Ordinal)),
    ];

    private static string LinkOf(string link) => new FileInfo(link).LinkTarget ?? string.Empty;

    private static MeasurementRequest Request(Workspace folder, long size, int iterations, params MeasuredMethod[] methods) => new()
    {
        Path = folder.Folder,
        Destination = folder.Folder,
        Size = size,
        Iterations = iterations,
        Methods = methods,
    };
}
