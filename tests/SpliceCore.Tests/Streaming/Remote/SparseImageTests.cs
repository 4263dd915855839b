using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>An image of 100 GiB with little in it.</summary>
public sealed class SparseImageTests(SshServer server) : IDisposable
{
    private const long Size = 100L << 30;
    private const int Pieces = 20;
    private const int PieceSize = (64 << 20) / Pieces / 4096 * 4096;

    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData("dash")]
    [InlineData("busybox")]
    public void Only_its_data_crosses_and_takes_room_there(string shell)
    {
        string source = WriteImage();

        // Before the shell there, somebody counts what comes.
        RemoteHost host = server.Host(
            $"counting-{Guid.NewGuid():N}",
            $"dd bs=65536 2> {_workspace["counted"]} | {(shell == "busybox" ? "busybox sh" : shell)} -c \"$SSH_ORIGINAL_COMMAND\"");
        RemoteTransferResult result = Remotes.Result(Remotes.Send(new SendRequest
        {
            Source = source,
            Hosts = [host],
            Destination = _workspace["target"],
            Ssh = server.SharedConnection,
        }));
        const long Data = (long)Pieces * PieceSize;
        Assert.Equal(Data, result.BytesSent);
        Assert.Equal(Size - Data, result.BytesInHoles);
        string counted = File.ReadAllLines(_workspace["counted"]).Last();
        Assert.InRange(long.Parse(counted.Split(' ')[0], CultureInfo.InvariantCulture), Data, Data + (Data / 1000));
        using SafeFileHandle here = Posix.OpenRead(source);
        using SafeFileHandle there = Posix.OpenRead(_workspace["target"]);
        Assert.True(FileStatus.TryGet(here, out FileStatus? given).Ok);
        Assert.True(FileStatus.TryGet(there, out FileStatus? got).Ok);
        Assert.Equal(Size, got!.Size);
        Assert.InRange(got.AllocatedBytes, given!.AllocatedBytes * 0.99, given.AllocatedBytes * 1.01);
        Assert.Equal(Extents(here), Extents(there));
        byte[] expected = new byte[PieceSize];
        byte[] actual = new byte[PieceSize];
        foreach (Extent extent in Extents(here))
        {
            Assert.Equal(PieceSize, LibC.Read(here, expected, extent.Offset).Value);
            Assert.Equal(PieceSize, LibC.Read(there, actual, extent.Offset).Value);
            Assert.True(expected.AsSpan().SequenceEqual(actual));
        }
    }

    public void Dispose() => _workspace.Dispose();

    private static Extent[] Extents(SafeFileHandle file) => [.. Extent.Walk(file, 0, Size).Where(extent => !extent.IsHole)];

    /// <summary>The pieces are spread over all of it, the last at its end.</summary>
    private string WriteImage()
    {
        using SafeFileHandle file = Posix.OpenWrite(_workspace["source"]);
        Assert.SkipUnless(LibC.Truncate(file, Size).Ok, "a file of 100 GiB cannot be made here");
        for (int i = 0; i < Pieces; i++)
        {
            long at = i == Pieces - 1 ? Size - PieceSize : Size / Pieces / 4096 * 4096 * i;
            Assert.Equal(PieceSize, LibC.Write(file, Workspace.RandomBytes(PieceSize, seed: i), at).Value);
        }

        return _workspace["source"];
    }
}
