using Splice.Descriptors;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Transfer;

public class MethodsTests
{
    /// <summary>What the names in the table stand for.</summary>
    private static readonly Dictionary<string, DescriptorTraits> Endpoints = new()
    {
        ["file"] = new(DescriptorKind.Regular, IsSeekable: true, IsAppending: false, IsEmpty: false),
        ["empty file"] = new(DescriptorKind.Regular, IsSeekable: true, IsAppending: false, IsEmpty: true),
        ["file without positions"] = new(DescriptorKind.Regular, IsSeekable: false, IsAppending: false, IsEmpty: true),
        ["appending file"] = new(DescriptorKind.Regular, IsSeekable: true, IsAppending: true, IsEmpty: false),
        ["block device"] = new(DescriptorKind.Block, IsSeekable: true, IsAppending: false, IsEmpty: false),
        ["device"] = new(DescriptorKind.Character, IsSeekable: false, IsAppending: false, IsEmpty: true),
        ["pipe"] = new(DescriptorKind.Fifo, IsSeekable: false, IsAppending: false, IsEmpty: true),
        ["appending pipe"] = new(DescriptorKind.Fifo, IsSeekable: false, IsAppending: true, IsEmpty: true),
        ["socket"] = new(DescriptorKind.Socket, IsSeekable: false, IsAppending: false, IsEmpty: true),
        ["event"] = new(DescriptorKind.Other, IsSeekable: false, IsAppending: false, IsEmpty: true),
    };

    [Theory]
    [InlineData("file", "file", "Reflink CopyFileRange SendFile Splice ReadWrite")]
    [InlineData("file", "empty file", "Reflink CopyFileRange SendFile Splice ReadWrite")]
    [InlineData("empty file", "file", "SendFile Splice ReadWrite")]
    [InlineData("file without positions", "file", "Splice ReadWrite")]
    [InlineData("file", "file without positions", "SendFile Splice ReadWrite")]
    [InlineData("file", "appending file", "ReadWrite")]
    [InlineData("pipe", "appending file", "ReadWrite")]
    [InlineData("appending file", "file", "Reflink CopyFileRange SendFile Splice ReadWrite")]
    [InlineData("file", "block device", "SendFile Splice ReadWrite")]
    [InlineData("block device", "file", "SendFile Splice ReadWrite")]
    [InlineData("block device", "block device", "SendFile Splice ReadWrite")]
    [InlineData("file", "pipe", "SendFile Splice ReadWrite")]
    [InlineData("file", "appending pipe", "SendFile Splice ReadWrite")]
    [InlineData("file", "socket", "SendFile Splice ReadWrite")]
    [InlineData("file", "device", "SendFile Splice ReadWrite")]
    [InlineData("pipe", "file", "Splice ReadWrite")]
    [InlineData("pipe", "pipe", "Splice ReadWrite")]
    [InlineData("pipe", "socket", "Splice ReadWrite")]
    [InlineData("socket", "file", "Splice ReadWrite")]
    [InlineData("socket", "socket", "Splice ReadWrite")]
    [InlineData("socket", "block device", "Splice ReadWrite")]
    [InlineData("device", "file", "Splice ReadWrite")]
    [InlineData("device", "device", "Splice ReadWrite")]
    [InlineData("event", "pipe", "Splice ReadWrite")]
    public void A_pair_allows_methods_in_this_order(string source, string destination, string allowed)
    {
        IEnumerable<TransferMethod> methods =
            from considered in Methods.Consider(Endpoints[source], Endpoints[destination])
            where considered.Obstacle is null
            select considered.Method;
        Assert.Equal(allowed, string.Join(' ', methods));
    }

    [Theory]
    [InlineData("file", "file", TransferMethod.ReadWrite, "Reflink ReadWrite CopyFileRange SendFile Splice")]
    [InlineData("file", "file", TransferMethod.Splice, "Reflink Splice CopyFileRange SendFile ReadWrite")]
    [InlineData("file", "appending file", TransferMethod.Splice, "ReadWrite")]
    public void What_takes_the_least_time_comes_first_where_no_blocks_are_shared(
        string source, string destination, TransferMethod fastest, string allowed)
    {
        IEnumerable<TransferMethod> methods =
            from considered in Methods.Consider(Endpoints[source], Endpoints[destination], fastest: fastest)
            where considered.Obstacle is null
            select considered.Method;
        Assert.Equal(allowed, string.Join(' ', methods));
    }

    [Theory]
    [InlineData(FileSystemType.Other, 1L, TransferMethod.CopyFileRange)]
    [InlineData(FileSystemType.Other, null, TransferMethod.CopyFileRange)]
    [InlineData(FileSystemType.Tmpfs, Tuning.ReadWriteUpTo, TransferMethod.ReadWrite)]
    [InlineData(FileSystemType.Tmpfs, Tuning.ReadWriteUpTo + 1, TransferMethod.CopyFileRange)]
    [InlineData(FileSystemType.Tmpfs, null, TransferMethod.CopyFileRange)]
    [InlineData(FileSystemType.Btrfs, Tuning.ReadWriteUpTo, TransferMethod.ReadWrite)]
    [InlineData(FileSystemType.Btrfs, Tuning.ReadWriteUpTo + 1, TransferMethod.CopyFileRange)]
    [InlineData(FileSystemType.Ext, Tuning.ReadWriteUpTo, TransferMethod.ReadWrite)]
    [InlineData(FileSystemType.Ext, Tuning.SpliceUpTo + 1, TransferMethod.CopyFileRange)]
    [InlineData(FileSystemType.Xfs, Tuning.ReadWriteUpTo, TransferMethod.ReadWrite)]
    [InlineData(FileSystemType.Xfs, Tuning.SpliceUpTo + 1, TransferMethod.CopyFileRange)]
    public void The_file_system_and_the_length_say_what_takes_the_least_time(object fileSystem, long? length, TransferMethod expected) =>
        Assert.Equal(expected, Methods.Fastest((FileSystemType)fileSystem, length));

    [Theory]
    [InlineData(FileSystemType.Ext, 6, 16)]
    [InlineData(FileSystemType.Xfs, 6, 6)]
    public void Where_many_pages_are_taken_at_once_splice_follows_on_read_and_write(object fileSystem, int major, int minor)
    {
        Assert.SkipUnless(OperatingSystem.IsOSPlatformVersionAtLeast("linux", major, minor), $"needs Linux {major}.{minor}");
        var type = (FileSystemType)fileSystem;
        Assert.Equal(TransferMethod.ReadWrite, Methods.Fastest(type, Tuning.ReadWriteUpToInFolios));
        Assert.Equal(TransferMethod.Splice, Methods.Fastest(type, Tuning.ReadWriteUpToInFolios + 1));
        Assert.Equal(TransferMethod.Splice, Methods.Fastest(type, Tuning.SpliceUpTo));
        Assert.Equal(TransferMethod.ReadWrite, Methods.Fastest(type, Tuning.SpliceUpTo, isShifted: true));
        Assert.Equal(TransferMethod.CopyFileRange, Methods.Fastest(type, Tuning.SpliceUpTo + 1, isShifted: true));
    }

    [Theory]
    [InlineData(12_345L, 0L, true)]
    [InlineData(0L, 1L, true)]
    [InlineData(12_345L, 12_345L, false)]
    [InlineData(1L << 20, 0L, false)]
    [InlineData(12_345L, null, false)]
    [InlineData(null, 1L, false)]
    public void Offsets_shift_the_pages(long? source, long? destination, bool isShifted) =>
        Assert.Equal(isShifted, new TransferCursor(source, destination).IsShifted);

    [Fact]
    public void What_could_share_blocks_is_left_out_where_that_is_forbidden()
    {
        (TransferMethod Method, string? Obstacle)[] considered =
            [.. Methods.Consider(Endpoints["file"], Endpoints["file"], ReflinkMode.Never)];
        Assert.Equal(
            [TransferMethod.Reflink, TransferMethod.CopyFileRange],
            considered.Where(pair => pair.Obstacle is not null).Select(pair => pair.Method));
        Assert.All(considered[..2], pair => Assert.Contains("-Reflink Never", pair.Obstacle, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("file", "file", SparseMode.Always, "ReadWrite")]
    [InlineData("pipe", "block device", SparseMode.Always, "ReadWrite")]
    [InlineData("file", "pipe", SparseMode.Always, "SendFile Splice ReadWrite")]
    [InlineData("file", "file", SparseMode.Never, "SendFile Splice ReadWrite")]
    public void What_becomes_of_zeros_and_holes_leaves_methods_out(string source, string destination, SparseMode mode, string allowed)
    {
        IEnumerable<TransferMethod> methods =
            from considered in Methods.Consider(Endpoints[source], Endpoints[destination], sparse: mode)
            where considered.Obstacle is null
            select considered.Method;
        Assert.Equal(allowed, string.Join(' ', methods));
    }

    [Fact]
    public void Every_pair_has_a_word_on_every_method_and_read_and_write_always_serve()
    {
        TransferMethod[] all = [.. Enum.GetValues<TransferMethod>().Where(method => method != TransferMethod.Auto)];
        foreach (DescriptorTraits source in Endpoints.Values)
        {
            foreach (DescriptorTraits destination in Endpoints.Values)
            {
                (TransferMethod Method, string? Obstacle)[] considered = [.. Methods.Consider(source, destination)];
                Assert.Equal(all, considered.Select(pair => pair.Method));
                Assert.Null(considered[^1].Obstacle);
                Assert.All(considered, pair => Assert.NotEqual(string.Empty, pair.Obstacle));
            }
        }
    }

    [Fact]
    public void Every_method_has_a_page_in_the_manual() => Assert.All(
        Enum.GetValues<TransferMethod>(),
        method => Assert.EndsWith("(2)", Methods.CallOf(method), StringComparison.Ordinal));
}
