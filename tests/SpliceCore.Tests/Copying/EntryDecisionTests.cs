using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Copying;

/// <summary>What becomes of a destination, by the status of both sides.</summary>
public sealed class EntryDecisionTests : IDisposable
{
    private readonly Workspace _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(UpdateMode.Always, 3, "1000.5", ItemStatus.Updated, null)]
    [InlineData(UpdateMode.Changed, 3, "1000.5", ItemStatus.Unchanged, null)]
    [InlineData(UpdateMode.Changed, 3, "1000.500000001", ItemStatus.Updated, "time differs")]
    [InlineData(UpdateMode.Changed, 3, "2000.5", ItemStatus.Updated, "time differs")]
    [InlineData(UpdateMode.Changed, 3, "-5", ItemStatus.Updated, "time differs")]
    [InlineData(UpdateMode.Changed, 4, "1000.5", ItemStatus.Updated, "size differs")]
    [InlineData(UpdateMode.Newer, 3, "1000.5", ItemStatus.Unchanged, null)]
    [InlineData(UpdateMode.Newer, 4, "1000.5", ItemStatus.Updated, "size differs")]
    [InlineData(UpdateMode.Newer, 3, "1000.4", ItemStatus.Updated, "source is newer")]
    [InlineData(UpdateMode.Newer, 4, "1000.6", ItemStatus.Skipped, "destination is newer")]
    [InlineData(UpdateMode.Size, 3, "5", ItemStatus.Unchanged, null)]
    [InlineData(UpdateMode.Size, 4, "1000.5", ItemStatus.Updated, "size differs")]
    [InlineData(UpdateMode.Content, 4, "1000.5", ItemStatus.Updated, "size differs")]
    public void Decides_by_size_and_time(UpdateMode update, int size, string time, ItemStatus status, string? reason)
    {
        FileStatus source = Make("source", 3, "1000.5");
        FileStatus existing = Make("existing", size, time);

        Assert.Equal(new EntryDecision(status, reason), EntryDecision.Of(source, existing, update, TimePrecision.Exact));
    }

    [Fact]
    public void Equal_sizes_need_the_content_where_that_decides()
    {
        EntryDecision decision = EntryDecision.Of(Make("a", 3, "1"), Make("b", 3, "2"), UpdateMode.Content, TimePrecision.Exact);

        Assert.Equal((ItemStatus.Unchanged, true), (decision.Status, decision.NeedsContent));
    }

    [Theory]
    [InlineData(UpdateMode.Always)]
    [InlineData(UpdateMode.Changed)]
    [InlineData(UpdateMode.Newer)]
    [InlineData(UpdateMode.Size)]
    [InlineData(UpdateMode.Content)]
    public void A_missing_destination_is_copied_and_another_type_replaced(UpdateMode update)
    {
        FileStatus source = Make("source", 3, "1");
        Assert.True(FileStatus.TryGet(_folder.Folder, followLink: false, out FileStatus? folder).Ok);

        Assert.Equal(new EntryDecision(ItemStatus.Copied), EntryDecision.Of(source, null, update, TimePrecision.Exact));
        Assert.Equal(new EntryDecision(ItemStatus.Updated, "type differs"), EntryDecision.Of(source, folder, update, TimePrecision.Exact));
    }

    [Theory]
    [InlineData(1, 0, "10.0", "10.9", 1)]
    [InlineData(1_000_000_000, 0, "10.0", "10.9", 0)]
    [InlineData(1_000_000_000, 0, "10.9", "11.0", 1)]
    [InlineData(1_000_000_000, 0, "-0.1", "0.1", 1)]
    [InlineData(10_000_000, 0, "10.111", "10.119", 0)]
    [InlineData(10_000_000, 0, "10.119", "10.120", 1)]
    [InlineData(100, 0, "10.1234567", "10.123456789", 0)]
    [InlineData(1, 2000, "10.0", "12.0", 0)]
    [InlineData(1, 2000, "10.0", "12.000000001", 1)]
    public void The_coarser_side_rules(long unit, int tolerance, string earlier, string later, int order)
    {
        var precision = new TimePrecision(unit, TimeSpan.FromMilliseconds(tolerance));
        LibC.StatxTimestamp one = Make("one", 1, earlier).ModificationTime;
        LibC.StatxTimestamp other = Make("other", 1, later).ModificationTime;

        Assert.Equal(-order, Math.Sign(precision.Compare(one, other)));
        Assert.Equal(order, Math.Sign(precision.Compare(other, one)));
        Assert.Equal(0, precision.Compare(one, one));
    }

    [Theory]
    [InlineData(128, 1_000_000_000)]
    [InlineData(256, 1)]
    public void The_precision_of_ext4_is_that_of_its_inodes(int inodeSize, long unit)
    {
        using var mount = Mount.Image("ext4", 8 << 20, "-q", "-F", "-I", $"{inodeSize}");
        using SafeFileHandle source = Posix.OpenRead(_folder.Folder);
        using SafeFileHandle destination = Posix.OpenRead(mount.Folder);

        Assert.Equal(unit, TimePrecision.Of(source, destination, TimeSpan.Zero).Unit);
        Assert.Equal(unit, TimePrecision.Of(destination, source, TimeSpan.Zero).Unit);
    }

    private FileStatus Make(string name, int size, string time)
    {
        _folder.WriteRandom(name, size);
        Command.Check("touch", "-d", $"@{time}", _folder[name]);
        Assert.True(FileStatus.TryGet(_folder[name], followLink: false, out FileStatus? status).Ok);
        return status!;
    }
}
