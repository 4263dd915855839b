using Xunit;

namespace Splice.Tests.Measuring;

/// <summary>Disks that are too small for it. Serial: a process that another test starts holds the file without a name until its exec,
/// and with it the space.</summary>
[Collection(SerialCollection.Name)]
public sealed class MeasurementSpaceTests : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly Mount _mount = Mount.Memory("tmpfs", "size=4m");
    private readonly Workspace _small;
    private readonly Workspace _elsewhere = new();

    public MeasurementSpaceTests() => _small = new Workspace(_mount.Folder);

    public void Dispose()
    {
        _elsewhere.Dispose();
        _mount.Dispose();
    }

    [Theory]
    [InlineData(true, true, 3, "the test data and one copy would need 6.00 MiB there")]
    [InlineData(true, false, 5, "the test data would need 5.00 MiB there")]
    [InlineData(false, true, 5, "one copy would need 5.00 MiB there")]
    public void Nothing_is_written_where_there_is_no_room(bool fromSmall, bool toSmall, int size, string told)
    {
        List<MeasurementProgress> begun = [];

        TransferException error = Assert.Throws<TransferException>(
            () => Run(fromSmall ? _small : _elsewhere, toSmall ? _small : _elsewhere, size * MiB, begun.Add));

        Assert.Equal(TransferErrorId.DiskFull, error.Id);
        Assert.Equal(_small.Folder, error.Target);
        Assert.Contains(told, error.Message, StringComparison.Ordinal);
        Assert.Empty(begun);
    }

    [Fact]
    public void What_just_fits_is_measured() =>
        Assert.All(Run(_small, _small, 2 * MiB - 8192, null).Results, result => Assert.True(result.IsAvailable || result.Times.Count == 0));

    [Theory]
    [InlineData(MeasuredMethod.CopyFileRange)]
    [InlineData(MeasuredMethod.SendFile)]
    [InlineData(MeasuredMethod.Splice)]
    [InlineData(MeasuredMethod.ReadWrite)]
    [InlineData(MeasuredMethod.StreamCopyTo)]
    [InlineData(MeasuredMethod.FileCopy)]
    public void Somebody_takes_the_room_meanwhile(MeasuredMethod method)
    {
        void Take(MeasurementProgress progress)
        {
            if (progress.Method.HasValue)
            {
                _small.WriteRandom("other", 2 * MiB);
            }
        }

        TransferException error = Assert.Throws<TransferException>(() => Run(_small, _small, 3 * MiB / 2, Take, method));

        Assert.Equal(TransferErrorId.DiskFull, error.Id);
        Assert.Equal(Errno.ENOSPC, error.Errno);
        Assert.Equal(["other"], _small.Names);
        File.Delete(_small["other"]);
        Assert.Equal(4 * MiB, new DriveInfo(_mount.Folder).AvailableFreeSpace);
    }

    private static MeasurementReport Run(
        Workspace from, Workspace to, long size, Action<MeasurementProgress>? progress, params MeasuredMethod[] methods) => Measurement.Run(
        new MeasurementRequest
        {
            Path = from.Folder,
            Destination = to.Folder,
            Size = size,
            Iterations = 1,
            Methods = methods.Length == 0 ? Enum.GetValues<MeasuredMethod>() : methods,
        },
        new MeasurementMonitor(progress));
}
