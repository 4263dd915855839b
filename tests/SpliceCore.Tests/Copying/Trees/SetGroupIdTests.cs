using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>New folders in a set-group-ID folder are set-group-ID folders, as with mkdir(1), cp(1) and Copy-Item.</summary>
public sealed class SetGroupIdTests(SshServer server) : IDisposable
{
    private const PreserveAttributes Default = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    private readonly Workspace _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(PreserveAttributes.None)]
    [InlineData(Default)]
    [InlineData(Default | PreserveAttributes.Ownership)]
    [InlineData(PreserveAttributes.All)]
    public void New_folders_of_a_tree_keep_the_bit(PreserveAttributes preserve)
    {
        Make();

        TreeCopies.Copy(_folder["source"], _folder["shared"], preserve);

        AssertShared();
    }

    [Fact]
    public void A_folder_that_was_there_keeps_its_own_bit()
    {
        Make();
        Directory.CreateDirectory(_folder["plain/source"]);
        Command.Check("chmod", "2770", _folder["plain/source"]);

        TreeCopies.Copy(_folder["source"], _folder["plain"], Default);

        Assert.Equal("2750", Mode("plain/source"));
        Assert.Equal("2755", Mode("plain/source/inner"));
    }

    [Fact]
    public void The_sources_bit_goes_only_with_its_group()
    {
        Make();
        Command.Check("chmod", "2755", _folder["source/inner"]);
        Directory.CreateDirectory(_folder["plain"]);

        TreeCopies.Copy(_folder["source"], _folder["plain"], Default);
        Assert.Equal("755", Mode("plain/source/inner"));

        TreeCopies.Copy(_folder["source"], _folder["owned"], Default | PreserveAttributes.Ownership);
        Assert.Equal("2755", Mode("owned/inner"));
    }

    [Theory]
    [InlineData(PreserveAttributes.None)]
    [InlineData(Default)]
    public void New_folders_of_a_tree_that_is_received_keep_the_bit(PreserveAttributes preserve)
    {
        Make();
        Remotes.Result(Remotes.Receive(new ReceiveRequest
        {
            Source = _folder["source"],
            Destination = _folder["shared"],
            Hosts = [server.Host()],
            Ssh = server.SharedConnection,
            Recurse = true,
            Preserve = preserve,
        }));
        AssertShared();
    }

    [Theory]
    [InlineData("bash", Default)]
    [InlineData("dash", PreserveAttributes.None)]
    [InlineData("busybox", Default)]
    [InlineData("busybox", PreserveAttributes.None)]
    public void New_folders_of_a_tree_that_is_sent_keep_the_bit(string shell, PreserveAttributes preserve)
    {
        Make();
        Remotes.Result(Remotes.Send(new SendRequest
        {
            Source = _folder["source"],
            Destination = _folder["shared"],
            Hosts = [server.Host(shell)],
            Ssh = server.SharedConnection,
            Recurse = true,
            Preserve = preserve,
        }));
        AssertShared();
    }

    private void Make()
    {
        Command.RequireRoot();
        Directory.CreateDirectory(_folder["source/inner"]);
        File.WriteAllText(_folder["source/inner/file"], "file");
        Directory.CreateDirectory(_folder["shared"]);
        Command.Check("chmod", "0750", _folder["source"]);
        Command.Check("chmod", "0755", _folder["source/inner"]);
        Command.Check("chgrp", "1234", _folder["shared"]);
        Command.Check("chmod", "2775", _folder["shared"]);
    }

    private void AssertShared()
    {
        Assert.Equal("2750", Mode("shared/source"));
        Assert.Equal("2755", Mode("shared/source/inner"));
        Assert.Equal("file", File.ReadAllText(_folder["shared/source/inner/file"]));
    }

    private string Mode(string name) => Files.Metadata(_folder[name], "%a");
}
