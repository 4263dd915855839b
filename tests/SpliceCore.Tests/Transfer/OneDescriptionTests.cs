using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Transfer;

/// <summary>Both sides one open file description: what moves the offset of one moves that of the other.</summary>
public sealed class OneDescriptionTests : IDisposable
{
    private const int Block = SparseFile.Block;

    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData(TransferMethod.SendFile)]
    [InlineData(TransferMethod.Splice)]
    [InlineData(TransferMethod.CopyFileRange)]
    [InlineData(TransferMethod.ReadWrite)]
    public void A_sparse_range_goes_where_it_should_within_one_handle(TransferMethod method)
    {
        string path = SparseFile.Write(_workspace, "file", "X.X.....XXXX");
        byte[] before = File.ReadAllBytes(path);
        using SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        LibC.Seek(handle, 8 * Block, SeekOrigin.Begin);

        Transfers.Run(new HandleTransferRequest
        {
            Source = handle,
            Destination = handle,
            Offset = 0,
            Count = 4 * Block,
            DestinationOffset = 8 * Block,
            Method = method,
        });

        byte[] after = File.ReadAllBytes(path);
        Assert.True(after.AsSpan(0, 8 * Block).SequenceEqual(before.AsSpan(0, 8 * Block)), "The source's range changed.");
        Assert.True(after.AsSpan(8 * Block).SequenceEqual(before.AsSpan(0, 4 * Block)), "The copy is not the source's range.");
    }

    public void Dispose() => _workspace.Dispose();
}
