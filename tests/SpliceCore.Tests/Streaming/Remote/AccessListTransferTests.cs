using Splice.Tests.FileSystems;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>The group bits of a file with an access control list are the list's mask. What arrives without the list gives the group
/// no more than its own permissions (acl(5)).</summary>
public sealed class AccessListTransferTests(SshServer server, MountedFileSystems fileSystems) : IDisposable
{
    private const string List = "u:nobody:rwX,g::-";

    private readonly Workspace _folder = fileSystems.NewFolder(FileSystem.Ext4);

    public static TheoryData<string> Shells => ["bash", "busybox"];

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_file_that_is_sent(string shell)
    {
        MakeFile("source");

        Remotes.Result(Remotes.Send(Send(shell)));

        Assert.Equal("600", Mode("sent"));
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public void A_folder_that_is_sent_without_its_lists(string shell)
    {
        MakeTree();

        Remotes.Result(Remotes.Send(Send(shell) with { Recurse = true }));

        Assert.Equal(["700", "700", "600"], new[] { "sent", "sent/inner", "sent/inner/file" }.Select(Mode));
    }

    [Fact]
    public void A_folder_that_is_sent_with_them()
    {
        MakeTree();

        Remotes.Result(Remotes.Send(Send("bash") with { Recurse = true, Preserve = PreserveAttributes.Mode | PreserveAttributes.Acl }));

        foreach (string name in new[] { string.Empty, "/inner", "/inner/file" })
        {
            Assert.Equal(Lists($"source{name}"), Lists($"sent{name}"));
        }
    }

    [Fact]
    public void A_file_that_is_received()
    {
        MakeFile("source");

        RemoteTransferResult result = Remotes.Result(Remotes.Receive(Receive(server.Host())));

        Assert.Equal("600", Mode("received"));
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public void A_mask_takes_from_the_groups_own_permissions()
    {
        MakeFile("source");
        Command.Check("setfacl", "-m", "g::rwx,m::r", _folder["source"]);

        Remotes.Result(Remotes.Receive(Receive(server.Host())));

        Assert.Equal("640", Mode("received"));
    }

    [Fact]
    public void A_file_of_a_host_that_cannot_show_its_list()
    {
        MakeFile("source");
        using var tools = new Workspace();
        Command.Check("sh", "-c", $"ln -s /usr/bin/* {tools.Folder}/ && rm {tools.Folder}/getfacl");

        RemoteTransferResult result = Remotes.Result(
            Remotes.Receive(Receive(server.Host("without-getfacl", $"PATH={tools.Folder} exec bash -c \"$SSH_ORIGINAL_COMMAND\""))));

        Assert.Equal("600", Mode("received"));
        Assert.Contains("getfacl", Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private SendRequest Send(string shell) => new()
    {
        Source = _folder["source"],
        Hosts = [server.Host(shell)],
        Destination = _folder["sent"],
        Ssh = server.Options,
    };

    private ReceiveRequest Receive(RemoteHost host) => new()
    {
        Source = _folder["source"],
        Hosts = [host],
        Destination = _folder["received"],
        Ssh = server.Options,
    };

    private void MakeTree()
    {
        Command.Require("setfacl", "getfacl");
        Directory.CreateDirectory(_folder["source/inner"]);
        Command.Check("chmod", "0700", _folder["source"], _folder["source/inner"]);
        MakeFile("source/inner/file");
        Command.Check("setfacl", "-m", List, _folder["source"], _folder["source/inner"]);
    }

    private void MakeFile(string name)
    {
        Command.Require("setfacl", "getfacl");
        _folder.WriteRandom(name, 1000);
        Command.Check("chmod", "0600", _folder[name]);
        Command.Check("setfacl", "-m", List, _folder[name]);
        Assert.Equal("660", Mode(name));
    }

    private string Mode(string name) => Files.Metadata(_folder[name], "%a");

    private string Lists(string name) => Command.Check("getfacl", "-cpE", _folder[name]);
}
