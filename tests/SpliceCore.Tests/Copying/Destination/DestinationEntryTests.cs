using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Copying.Destination;

public sealed class DestinationEntryTests : IDisposable
{
    private readonly Workspace _workspace = new();

    [Fact]
    public void A_new_name_is_itself()
    {
        using DestinationEntry resolved = Resolve("new");
        Assert.Equal((_workspace["new"], null, true), (resolved.Path, resolved.Existing, resolved.IsReplaceable));
        Assert.Equal((_workspace.Folder, "new"), (FolderOf(resolved), $"{resolved.Name}"));
    }

    [Fact]
    public void Without_its_folder_there_is_no_file() => Assert.Equal(
        TransferErrorId.DestinationFolderNotFound,
        Assert.Throws<TransferException>(() => Resolve("nowhere/file")).Id);

    [Theory]
    [InlineData("folder")]
    [InlineData("folder/")]
    [InlineData("link")]
    public void A_folder_takes_the_sources_name(string destination)
    {
        Directory.CreateDirectory(_workspace["folder"]);
        File.CreateSymbolicLink(_workspace["link"], "folder");
        using DestinationEntry resolved = Resolve(destination);
        Assert.Equal("source", $"{resolved.Name}");
        Assert.Equal(_workspace["folder"], FolderOf(resolved));
    }

    [Fact]
    public void A_link_is_followed_to_the_file_it_means()
    {
        _workspace.WriteRandom("file", 1);
        File.CreateSymbolicLink(_workspace["first"], "second");
        File.CreateSymbolicLink(_workspace["second"], _workspace["file"]);
        using DestinationEntry resolved = Resolve("first");
        Assert.Equal((_workspace["file"], true), (resolved.Path, resolved.IsReplaceable));
        Assert.Equal(DescriptorKind.Regular, resolved.Existing?.Kind);
    }

    [Fact]
    public void A_link_to_nothing_means_the_file_that_will_be_there()
    {
        File.CreateSymbolicLink(_workspace["link"], "new");
        using DestinationEntry resolved = Resolve("link");
        Assert.Equal((_workspace["new"], null, true), (resolved.Path, resolved.Existing, resolved.IsReplaceable));
    }

    [Fact]
    public void A_path_that_only_leads_to_an_open_file_cannot_be_replaced()
    {
        using Channel pipe = Channel.Pipe();
        string path = $"/proc/self/fd/{pipe.Input.DangerousGetHandle()}";
        using var resolved = DestinationEntry.Resolve(_workspace["source"], path);
        Assert.Equal((path, false), (resolved.Path, resolved.IsReplaceable));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_file_behind_an_open_descriptor_keeps_its_name(bool byLink)
    {
        _workspace.WriteRandom("output", 1);
        using FileStream output = File.OpenWrite(_workspace["output"]);
        string path = $"/proc/self/fd/{output.SafeFileHandle.DangerousGetHandle()}";
        if (byLink)
        {
            File.CreateSymbolicLink(_workspace["link"], path);
            path = _workspace["link"];
        }

        using var resolved = DestinationEntry.Resolve(_workspace["source"], path);
        Assert.Equal((path, DescriptorKind.Regular, false), (resolved.Path, resolved.Existing?.Kind, resolved.IsReplaceable));
    }

    [Theory]
    [InlineData("nowhere/", TransferErrorId.DestinationFolderNotFound)]
    [InlineData("file/below", TransferErrorId.DestinationFolderNotFound)]
    [InlineData("taken", TransferErrorId.DestinationExists)]
    [InlineData("loop", TransferErrorId.InvalidPath)]
    public void What_cannot_be_a_destination_says_why(string destination, TransferErrorId id)
    {
        _workspace.WriteRandom("file", 1);
        Directory.CreateDirectory(_workspace["taken/source"]);
        File.CreateSymbolicLink(_workspace["loop"], "loop");
        Assert.Equal(id, Assert.Throws<TransferException>(() => Resolve(destination)).Id);
    }

    public void Dispose() => _workspace.Dispose();

    private static string FolderOf(DestinationEntry resolved)
    {
        Assert.True(LibC.ReadLink(LibC.PathOf(resolved.Folder), out string? path).Ok);
        return path!;
    }

    private DestinationEntry Resolve(string destination) =>
        DestinationEntry.Resolve(_workspace["source"], Path.Join(_workspace.Folder, destination));
}
