using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>The group bits of a file with an access control list are the list's mask. What arrives without the list gives the group
/// no more than its own permissions (acl(5)).</summary>
public sealed class AccessListTransferTests(SshServer server, MountedFileSystems fileSystems) : IDisposable
{
    private const string List = "u:nobody:rwX,g::-";

    private readonly Workspace _folder = fileSystems.NewFolder(FileSystem.Ext4);

    private static string[] Sources => Items("source");

    private static string[] Received => Items("received");

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

        Assert.Equal(["700", "700", "600"], Items("sent").Select(Mode));
    }

    [Fact]
    public void A_folder_that_is_sent_with_its_lists_to_a_tar_that_has_none()
    {
        MakeTree();

        RemoteTransferResult result = Remotes.Result(Remotes.Send(
            Send("busybox") with { Recurse = true, Preserve = PreserveAttributes.Mode | PreserveAttributes.Acl }));

        Assert.Equal(["700", "700", "600"], Items("sent").Select(Mode));
        Assert.NotEmpty(result.Warnings);
    }

    [Fact]
    public void A_folder_that_is_sent_with_them()
    {
        MakeTree();

        Remotes.Result(Remotes.Send(Send("bash") with { Recurse = true, Preserve = PreserveAttributes.Mode | PreserveAttributes.Acl }));

        Assert.Equal(Sources.Select(Lists), Items("sent").Select(Lists));
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
    public void A_folder_that_is_received_without_its_lists()
    {
        MakeTree();

        RemoteTransferResult result = Remotes.Result(Remotes.Receive(Receive(server.Host()) with { Recurse = true }));

        Assert.Equal(["700", "700", "600"], Received.Select(Mode));
        Assert.Empty(result.Warnings);
    }

    [Theory]
    [InlineData(PreserveAttributes.Acl)]
    [InlineData(PreserveAttributes.Mode | PreserveAttributes.Acl)]
    [InlineData(PreserveAttributes.All)]
    public void A_folder_that_is_received_with_them(PreserveAttributes preserve)
    {
        MakeTree();
        Command.Check("setfacl", "-d", "-m", "u:1234:rx", _folder["source/inner"]);

        RemoteTransferResult result = Remotes.Result(Remotes.Receive(Receive(server.Host()) with { Recurse = true, Preserve = preserve }));

        Assert.Empty(result.Warnings);
        Assert.Equal(Sources.Select(Lists), Received.Select(Lists));
    }

    [Fact]
    public void Names_with_unusual_characters_in_a_folder()
    {
        string[] names = ["a b", "folder ./file", "new\nline", "back\\012slash", "tab\t\u001b[1m", "# file: x", "ä\u20ac"];
        MakeTree();
        foreach (string name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder[$"source/{name}"])!);
            MakeFile($"source/{name}");
        }

        using Workspace tools = WithoutGetfacl();
        ReceiveRequest request = Receive(server.Host()) with { Recurse = true, Preserve = PreserveAttributes.Mode | PreserveAttributes.Acl };

        Remotes.Result(Remotes.Receive(request));
        Remotes.Result(Remotes.Receive(request with { Hosts = [Host(tools)], Destination = _folder["second"] }));

        Assert.All(names, name =>
        {
            Assert.Equal(Lists($"source/{name}"), Lists($"received/{name}"));
            Assert.Equal("600", Mode($"second/{name}"));
        });
    }

    [Fact]
    public void A_folder_of_a_host_that_cannot_show_its_lists()
    {
        MakeTree();
        _folder.WriteRandom("source/plain", 10);
        Command.Check("chmod", "0660", _folder["source/plain"]);
        using Workspace tools = WithoutGetfacl();

        RemoteTransferResult result = Remotes.Result(Remotes.Receive(Receive(Host(tools)) with { Recurse = true }));

        Assert.Equal(["700", "700", "600", "660"], Received.Append("received/plain").Select(Mode));
        Assert.Contains("3 items", Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_a_host_that_cannot_show_its_list()
    {
        MakeFile("source");
        using Workspace tools = WithoutGetfacl();

        RemoteTransferResult result = Remotes.Result(Remotes.Receive(Receive(Host(tools))));

        Assert.Equal("600", Mode("received"));
        Assert.Contains("getfacl", Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static string[] Items(string folder) => [folder, $"{folder}/inner", $"{folder}/inner/file"];

    /// <summary>All tools of this host but getfacl(1).</summary>
    private static Workspace WithoutGetfacl()
    {
        var tools = new Workspace();
        Command.Check("sh", "-c", $"ln -s /usr/bin/* {tools.Folder}/ && rm {tools.Folder}/getfacl");
        return tools;
    }

    private RemoteHost Host(Workspace tools) =>
        server.Host($"without-getfacl-{Guid.NewGuid():N}", $"PATH={tools.Folder} exec bash -c \"$SSH_ORIGINAL_COMMAND\"");

    private SendRequest Send(string shell) => new()
    {
        Source = _folder["source"],
        Hosts = [server.Host(shell)],
        Destination = _folder["sent"],
        Ssh = server.SharedConnection,
    };

    private ReceiveRequest Receive(RemoteHost host) => new()
    {
        Source = _folder["source"],
        Hosts = [host],
        Destination = _folder["received"],
        Ssh = server.SharedConnection,
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
