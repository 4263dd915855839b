using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Copying.Attributes;

public sealed class MetadataTests : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly SafeFileHandle _source;
    private readonly SafeFileHandle _file;

    public MetadataTests()
    {
        _source = Posix.OpenWrite(_workspace["source"]);
        _file = Posix.OpenWrite(_workspace["file"]);
        LibC.ChangeMode(_file, 0x180);
    }

    [Fact]
    public void Mode_and_times_are_the_sources_to_the_nanosecond()
    {
        LibC.ChangeMode(_source, 0x1E9);
        LibC.ChangeTimes(_source, Time(1_000_000_000, 1), Time(2_000_000_000, 999_999_999));
        Assert.Empty(Take(_file, PreserveAttributes.Mode | PreserveAttributes.Timestamps));
        FileStatus status = Status(_file);
        Assert.Equal(
            (0x1E9U, Time(1_000_000_000, 1), Time(2_000_000_000, 999_999_999)),
            (status.Permissions, status.AccessTime, status.ModificationTime));
    }

    [Fact]
    public void Set_id_bits_do_not_travel()
    {
        LibC.ChangeMode(_source, 0xDED); // 06755
        Take(_file, PreserveAttributes.Mode);
        Assert.Equal(0x1EDU, Status(_file).Permissions);
    }

    [Fact]
    public void Set_id_bits_travel_with_the_owner()
    {
        LibC.ChangeMode(_source, 0xDED); // 06755
        Take(_file, PreserveAttributes.Mode | PreserveAttributes.Ownership);
        Assert.Equal(0xDEDU, Status(_file).Permissions);
    }

    [Fact]
    public void A_file_without_a_source_keeps_the_mode_of_the_one_it_replaces_and_its_own_times()
    {
        LibC.ChangeMode(_source, 0x1E9);
        LibC.ChangeTimes(_source, Time(1, 1), Time(2, 2));
        LibC.StatxTimestamp before = Status(_file).ModificationTime;
        Assert.Empty(Replace(_source));
        Assert.Equal((0x1E9U, before), (Status(_file).Permissions, Status(_file).ModificationTime));
    }

    [Fact]
    public void The_owner_is_that_of_the_replaced_file()
    {
        Assert.SkipUnless(Posix.IsRoot, "Only root gives files away.");
        LibC.ChangeOwner(_source, 12345, 54321);
        Assert.Empty(Replace(_source));
        Assert.Equal((12345U, 54321U), (Status(_file).UserId, Status(_file).GroupId));
    }

    [Fact]
    public void What_cannot_be_kept_is_told()
    {
        using SafeFileHandle pathOnly = Posix.Open(_workspace["file"], LibC.O_PATH);
        IReadOnlyList<string> lost = Take(pathOnly, PreserveAttributes.Mode | PreserveAttributes.Timestamps);
        Assert.Equal(2, lost.Count);
        Assert.All(lost, line => Assert.Matches("Could not preserve the (mode|times) for 'the file' \\(EBADF", line));
    }

    [Fact]
    public void What_many_files_cannot_keep_is_told_once()
    {
        var warnings = new MetadataWarnings();
        warnings.Add("the owner", Errno.EPERM, "first");
        warnings.Add("the owner", Errno.EPERM, "second");
        warnings.Add("the times", Errno.EROFS, "third");
        Assert.Equal(
            ["Could not preserve the owner for 2 items; the first is 'first' (EPERM: Operation not permitted).",
                "Could not preserve the times for 'third' (EROFS: Read-only file system)."],
            warnings.Describe());
    }

    public void Dispose()
    {
        _source.Dispose();
        _file.Dispose();
        _workspace.Dispose();
    }

    private IReadOnlyList<string> Take(SafeFileHandle file, PreserveAttributes preserve)
    {
        var warnings = new MetadataWarnings();
        Metadata.Set(file, "the file", _source, Status(_source), preserve, isPath: false, warnings);
        return warnings.Describe();
    }

    private IReadOnlyList<string> Replace(SafeFileHandle replaced)
    {
        using SafeFileHandle folder = Posix.OpenRead(_workspace.Folder);
        var warnings = new MetadataWarnings();
        Metadata.OfFile(_file, new DestinationEntry(folder, "source", Status(replaced), "the file", MayReplace: true), source: null, PreserveAttributes.All, warnings);
        return warnings.Describe();
    }

    private static LibC.StatxTimestamp Time(long seconds, uint nanoseconds) =>
        new() { Seconds = seconds, Nanoseconds = nanoseconds };

    private static FileStatus Status(SafeFileHandle file)
    {
        Assert.True(FileStatus.TryGet(file, out FileStatus? status).Ok);
        return status!;
    }
}
