using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.Transfer;

/// <summary>A large transfer takes no more managed memory than a small one.</summary>
[Collection(SerialCollection.Name)]
public sealed class AllocationTests : IDisposable
{
    private const long Small = 1 << 20;
    private const long Large = 256 << 20;
    private const long Tolerated = 4096;

    private readonly Workspace _workspace = Workspace.InMemory();
    private readonly SafeFileHandle _source;
    private readonly SafeFileHandle _destination;

    public AllocationTests()
    {
        _source = Posix.OpenWrite(_workspace["source"]);
        _destination = Posix.OpenWrite(_workspace["destination"]);
        using SafeFileHandle zero = Posix.OpenRead("/dev/zero");
        Transfers.Run(new HandleTransferRequest { Source = zero, Destination = _source, Count = Large });
    }

    [Theory]
    [InlineData(TransferMethod.CopyFileRange)]
    [InlineData(TransferMethod.SendFile)]
    [InlineData(TransferMethod.Splice)]
    [InlineData(TransferMethod.ReadWrite)]
    public void Memory_stays_flat(TransferMethod method)
    {
        Allocated(method, Small); // what is made once
        long small = Allocated(method, Small);
        long large = Allocated(method, Large);
        Assert.InRange(large, 1, small + Tolerated);
    }

    [Fact]
    public void Memory_stays_flat_while_somebody_watches()
    {
        long seen = 0;
        var monitor = new TransferMonitor(progress => seen = progress.BytesCopied);
        Allocated(TransferMethod.Splice, Small, monitor);
        long small = Allocated(TransferMethod.Splice, Small, monitor);
        long large = Allocated(TransferMethod.Splice, Large, monitor);
        Assert.InRange(large, 1, small + Tolerated);
        Assert.Equal(Large, seen);
    }

    public void Dispose()
    {
        _source.Dispose();
        _destination.Dispose();
        _workspace.Dispose();
    }

    private long Allocated(TransferMethod method, long count, TransferMonitor? monitor = null)
    {
        var request = new HandleTransferRequest
        {
            Source = _source,
            Destination = _destination,
            Offset = 0,
            DestinationOffset = 0,
            Count = count,
            Method = method,
        };
        long before = GC.GetAllocatedBytesForCurrentThread();
        HandleTransfer.Run(request, monitor ?? TransferMonitor.None);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
