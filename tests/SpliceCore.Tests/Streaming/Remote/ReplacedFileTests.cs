using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>What a transfer keeps of the file that it replaces: the same as a copy.</summary>
public sealed class ReplacedFileTests(SshServer server, MountedFileSystems fileSystems) : IDisposable
{
    private const PreserveAttributes Usual = PreserveAttributes.Mode | PreserveAttributes.Timestamps;
    private const PreserveAttributes Owned = Usual | PreserveAttributes.Ownership;

    private static readonly string[] Hosts = ["bash", "dash", "busybox", "without getfacl"];

    private readonly Workspace _folder = fileSystems.NewFolder(FileSystem.Ext4);
    private readonly Workspace _tools = new();

    public static TheoryData<string, PreserveAttributes, bool> Cases
    {
        get
        {
            var data = new TheoryData<string, PreserveAttributes, bool>();
            foreach (string host in Hosts)
            {
                foreach (PreserveAttributes preserve in new[] { Usual, PreserveAttributes.None, Owned, Usual | PreserveAttributes.Acl })
                {
                    data.Add(host, preserve, false);
                    if (host != "busybox")
                    {
                        data.Add(host, preserve, true);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_file_that_is_sent(string host, PreserveAttributes preserve, bool hasList)
    {
        Make(hasList);
        Copy(preserve);

        Remotes.Result(Remotes.Send(new SendRequest
        {
            Source = _folder["source"],
            Hosts = [Host(host)],
            Destination = _folder["target"],
            Ssh = server.Options,
            Preserve = preserve,
        }));

        Assert.Equal(Metadata("copy"), Metadata("target"));
        Files.AssertSameBytes(_folder["source"], _folder["target"]);
        Assert.Equal(["copy", "source", "target"], _folder.Names);
    }

    [Theory]
    [InlineData(Usual, false)]
    [InlineData(Usual, true)]
    [InlineData(PreserveAttributes.None, false)]
    [InlineData(PreserveAttributes.None, true)]
    [InlineData(Owned, true)]
    public void A_file_that_is_received(PreserveAttributes preserve, bool hasList)
    {
        Make(hasList);
        Copy(preserve);

        Remotes.Result(Remotes.Receive(new ReceiveRequest
        {
            Source = _folder["source"],
            Hosts = [server.Host()],
            Destination = _folder["target"],
            Ssh = server.SharedConnection,
            Preserve = preserve,
        }));

        Assert.Equal(Metadata("copy"), Metadata("target"));
        Files.AssertSameBytes(_folder["source"], _folder["target"]);
    }

    /// <summary>A file inherits a list from the default list of its folder.</summary>
    [Theory]
    [InlineData("bash")]
    [InlineData("dash")]
    [InlineData("without getfacl")]
    public void No_step_grants_more_than_the_last(string host)
    {
        Make(hasList: true);
        Command.Check("chmod", "0600", _folder["source"]);
        Command.Check("setfacl", "-d", "-m", "u:1234:rwx,g::rwx,o::rwx", _folder.Folder);
        Copy(Usual);
        LinkTools(withoutLists: host == "without getfacl");
        string log = _tools["log"];
        foreach (string tool in new[] { "chmod", "chown", "setfacl", "cp", "touch", "ln", "mv", "dd" })
        {
            string path = _tools[tool];
            if (!File.Exists(path))
            {
                continue;
            }

            File.Delete(path);
            File.WriteAllText(path, $"#!/bin/bash\n/usr/bin/{tool} \"$@\"; code=$?\n/usr/bin/stat -c %a {_folder.Folder}/.splice-*.tmp >> {log} 2>&1\nexit $code\n");
            File.SetUnixFileMode(path, (UnixFileMode)0x1ED);
        }

        Remotes.Result(Remotes.Send(new SendRequest
        {
            Source = _folder["source"],
            Hosts = [server.Host($"logging-{Guid.NewGuid():N}", $"PATH={_tools.Folder} exec {(host == "dash" ? "dash" : "bash")} -c \"$SSH_ORIGINAL_COMMAND\"")],
            Destination = _folder["target"],
            Ssh = server.Options,
        }));

        string[] modes = [.. File.ReadAllLines(log).Where(line => line.All(char.IsAsciiDigit))];
        Assert.Contains("600", modes);
        Assert.All(modes, mode => Assert.Equal("600", mode));
        Assert.Equal(Metadata("copy"), Metadata("target"));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _tools.Dispose();
    }

    private void Make(bool hasList)
    {
        Command.RequireRoot();
        Command.Require("setfacl", "getfacl");
        _folder.WriteRandom("source", 100_000);
        Command.Check("chmod", "0644", _folder["source"]);
        Command.Check("chown", "77:88", _folder["source"]);
        foreach (string name in new[] { "target", "copy" })
        {
            _folder.Write(name, "old"u8.ToArray());
            Command.Check("chown", "1234:4321", _folder[name]);
            Command.Check("chmod", "0600", _folder[name]);
            if (hasList)
            {
                Command.Check("setfacl", "-m", "u:5678:rw,g::r", _folder[name]);
            }
        }
    }

    private void Copy(PreserveAttributes preserve) =>
        FileCopy.Copy(new CopyRequest { Source = _folder["source"], Destination = _folder["copy"], Preserve = preserve }, TransferMonitor.None);

    private string Metadata(string name) =>
        $"{Files.Metadata(_folder[name], "%u:%g %a")}\n{Command.Check("getfacl", "-cpn", _folder[name])}";

    private RemoteHost Host(string name)
    {
        if (name != "without getfacl")
        {
            return server.Host(name);
        }

        LinkTools(withoutLists: true);
        return server.Host($"without-getfacl-{Guid.NewGuid():N}", $"PATH={_tools.Folder} exec bash -c \"$SSH_ORIGINAL_COMMAND\"");
    }

    /// <summary>Fills a folder with the tools of this host.</summary>
    private void LinkTools(bool withoutLists)
    {
        Command.Check("sh", "-c", $"ln -s /usr/bin/* {_tools.Folder}/");
        if (withoutLists)
        {
            File.Delete(_tools["getfacl"]);
            File.Delete(_tools["setfacl"]);
        }
    }
}
