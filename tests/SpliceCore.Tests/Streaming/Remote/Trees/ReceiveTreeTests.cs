using System.Formats.Tar;
using System.Text;
using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>A folder from hosts with the tar of GNU and of busybox, and from one that means harm.</summary>
public sealed class ReceiveTreeTests(SshServer server) : IDisposable
{
    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData("bash", true)]
    [InlineData("dash", false)]
    [InlineData("busybox", false)]
    public void A_folder_arrives_whole_under_a_name_that_was_not_there(string shell, bool isPlain)
    {
        ReceiveRequest request = Request(server.Host(shell)) with { Verify = true };
        Make("source", isPlain);
        RemoteTransferResult result = Remotes.Result(Remotes.Receive(request));
        Assert.True(result.Verified);
        AssertSame("source", "target", keepsFractions: isPlain);
        Assert.Equal(request.Destination, result.Destination);
        Assert.Equal(300_000 + 2_000_003 + 7, result.BytesSent);
        Assert.Equal(5, result.FileCount);
        Assert.Equal(3, result.DirectoryCount);
        Assert.Empty(result.Warnings);
        Assert.Equal(["source", "target"], _workspace.Names);
    }

    [Fact]
    public void A_folder_of_its_name_takes_it_in()
    {
        ReceiveRequest request = Request(server.Host());
        Make("source", isPlain: true);
        Write("target/source/some", "old");
        Write("target/source/deep/-rf $(touch canary)/kept", "old");
        Remotes.Result(Remotes.Receive(request));
        Assert.Equal("old", File.ReadAllText(_workspace["target/source/deep/-rf $(touch canary)/kept"]));
        File.Delete(_workspace["target/source/deep/-rf $(touch canary)/kept"]);
        Assert.Equal(File.ReadAllBytes(_workspace["source/some"]), File.ReadAllBytes(_workspace["target/source/some"]));
        Assert.Equal(Names("source"), Names("target/source"));

        // What is in the way is found before anything is moved.
        File.WriteAllText(_workspace["target/source/some"], "old");
        Directory.Delete(_workspace["target/source/deep"], recursive: true);
        Write("target/source/deep", "old");
        Remotes.Error(Remotes.Receive(request), TransferErrorId.DestinationExists);
        Remotes.Error(Remotes.Receive(request with { NoClobber = true }), TransferErrorId.DestinationExists);
        Assert.Equal("old", File.ReadAllText(_workspace["target/source/some"]));
        Assert.Equal(Names("source").Where(name => !name.StartsWith("deep/", StringComparison.Ordinal)), Names("target/source"));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("./a/../../outside")]
    [InlineData("/tmp/splice-outside")]
    public void Nothing_leaves_the_folder_by_its_name(string name)
    {
        ReceiveRequest request = Request(Evil(writer => writer.WriteEntry(Entry(TarEntryType.RegularFile, name))));
        Assert.Contains("out of the folder", Remotes.Error(Remotes.Receive(request), TransferErrorId.InvalidPath).Message, StringComparison.Ordinal);
        Assert.Equal(["evil.tar"], _workspace.Names);
        Assert.False(File.Exists("/tmp/splice-outside"));
    }

    [Theory]
    [InlineData(TarEntryType.RegularFile)]
    [InlineData(TarEntryType.Directory)]
    [InlineData(TarEntryType.SymbolicLink)]
    public void Nothing_leaves_the_folder_through_a_link(TarEntryType type)
    {
        string outside = Directory.CreateDirectory(_workspace["outside"]).FullName;
        _workspace.Write("outside/file", [1]);
        RemoteHost host = Evil(writer =>
        {
            writer.WriteEntry(Entry(TarEntryType.SymbolicLink, "./link", outside));
            writer.WriteEntry(Entry(type, "./link/new", "x"));
        });
        Remotes.Error(Remotes.Receive(Request(host)), TransferErrorId.InvalidPath);
        Assert.Equal(["evil.tar", "outside"], _workspace.Names);
        Assert.Equal([_workspace["outside/file"]], Directory.GetFileSystemEntries(outside));
    }

    [Fact]
    public void A_link_is_not_written_through_by_its_own_name()
    {
        _workspace.Write("precious", [1]);
        RemoteHost host = Evil(writer =>
        {
            writer.WriteEntry(Entry(TarEntryType.SymbolicLink, "./link", _workspace["precious"]));
            writer.WriteEntry(Entry(TarEntryType.RegularFile, "./link"));
        });
        Assert.NotNull(Assert.Single(Remotes.Receive(Request(host))).Error);
        Assert.Equal([1], File.ReadAllBytes(_workspace["precious"]));
        Assert.Equal(["evil.tar", "precious"], _workspace.Names);
    }

    [Theory]
    [InlineData("../precious", TransferErrorId.InvalidPath)]
    [InlineData("./folder/precious", TransferErrorId.InvalidPath)]
    public void No_hard_link_leads_outside(string target, TransferErrorId id)
    {
        _workspace.Write("precious", [1]);
        RemoteHost host = Evil(writer =>
        {
            writer.WriteEntry(Entry(TarEntryType.SymbolicLink, "./folder", _workspace.Folder));
            writer.WriteEntry(Entry(TarEntryType.HardLink, "./hard", target));
        });
        Remotes.Error(Remotes.Receive(Request(host)), id);
        Assert.Equal(["evil.tar", "precious"], _workspace.Names);
    }

    [Fact]
    public void What_is_already_there_is_not_led_through_either()
    {
        string outside = Directory.CreateDirectory(_workspace["outside"]).FullName;
        Directory.CreateDirectory(_workspace["target/source"]);
        File.CreateSymbolicLink(_workspace["target/source/deep"], outside);
        Make("source", isPlain: true);
        Remotes.Error(Remotes.Receive(Request(server.Host())), TransferErrorId.DestinationExists);
        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(100_000)]
    [InlineData(2_000_000)]
    public void A_connection_that_breaks_leaves_nothing(int bytes)
    {
        RemoteHost host = server.Host($"tree-cut-{bytes}", $"bash -c \"$SSH_ORIGINAL_COMMAND\" | head -c {bytes}; exit 255");
        Make("source", isPlain: true);
        Remotes.Error(Remotes.Receive(Request(host)), TransferErrorId.ConnectionFailed);
        Assert.Equal(["source"], _workspace.Names);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void Bytes_that_change_on_the_way_are_found(string shell)
    {
        Command.Require("python3");
        const string Change = "import os\nwhile b := os.read(0, 65536): os.write(1, b.replace(b'genuine', b'changed'))";
        RemoteHost host = server.Host($"tree-sends-corrupt-{shell}",
            $"set -o pipefail; {(shell == "busybox" ? server.BusyboxCommand : "bash -c")} \"$SSH_ORIGINAL_COMMAND\" | python3 -c \"{Change}\"");
        ReceiveRequest request = Request(host) with { Verify = true };
        Write("source/plain", "genuine");
        TransferException error = Remotes.Error(Remotes.Receive(request), TransferErrorId.VerificationFailed);
        Assert.Contains("plain: FAILED", error.Message, StringComparison.Ordinal);
        File.Delete(_workspace["source/plain"]);
        Write("source/odd\\", "genuine");
        Remotes.Error(Remotes.Receive(request), TransferErrorId.VerificationFailed);
        Assert.Equal(["source"], _workspace.Names);
    }

    [Fact]
    public void What_cannot_be_received_is_refused_or_told()
    {
        ReceiveRequest request = Request(server.Host());
        Write("source/file", "x");
        Assert.Equal(TransferErrorId.ConflictingOptions, Assert.Throws<TransferException>(() => Remotes.Receive(request with { Resume = true, NoClobber = true })).Id);
        Remotes.Error(Remotes.Receive(request with { Source = _workspace["none"] }), TransferErrorId.SourceNotFound);
        Posix.MakeFifo(_workspace["source/fifo"]);
        Assert.Contains("special file", Assert.Single(Remotes.Result(Remotes.Receive(request)).Warnings), StringComparison.Ordinal);
        Assert.Equal(["source", "target"], _workspace.Names);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void Names_that_are_not_text_and_large_owners_arrive(string shell)
    {
        ReceiveRequest request = Request(server.Host(shell)) with { Preserve = PreserveAttributes.All, Verify = true };
        Directory.CreateDirectory(_workspace["source"]);
        using (var folder = EntryCalls.OpenFolder(_workspace["source"]))
        {
            EntryCalls.WriteFile(folder, ByteString.Of([0xFF]), [1]);
            EntryCalls.WriteFile(folder, ByteString.Of([.. Enumerable.Repeat((byte)0xFE, 120)]), [2]);
        }

        Write("source/new\nline", "x");
        Write("source/large", "x");
        if (shell == "bash")
        {
            Command.Check("chown", "4000000000:3000000000", _workspace["source/large"]);
        }

        Remotes.Result(Remotes.Receive(request));
        AssertSame("source", "target", keepsFractions: shell == "bash");
    }

    [Fact]
    public void A_file_is_received_as_a_file()
    {
        ReceiveRequest request = Request(server.Host()) with { Source = _workspace.WriteRandom("source", 1000) };
        Assert.Equal(0, Remotes.Result(Remotes.Receive(request)).DirectoryCount);
        Assert.Equal(File.ReadAllBytes(request.Source), File.ReadAllBytes(request.Destination));
    }

    [Fact]
    public void Owners_hard_links_and_attributes_are_kept_where_they_are_asked_for()
    {
        ReceiveRequest request = Request(server.Host()) with { Preserve = PreserveAttributes.All };
        Write("source/one", "x");
        Command.Check("ln", _workspace["source/one"], _workspace["source/two"]);
        Command.Check("chown", "1234:4321", _workspace["source/one"]);
        Command.Check("chmod", "4751", _workspace["source/one"]);
        Command.Check("mkfifo", _workspace["source/fifo"]);
        Command.Check("setfattr", "-n", "user.text", "-v", "some text", _workspace["source/one"]);
        Assert.Empty(Remotes.Result(Remotes.Receive(request)).Warnings);
        AssertSame("source", "target", keepsFractions: true);
        Command.Check("setfattr", "-n", "user.bytes", "-v", "0xff00", _workspace["source/one"]);
        Assert.Empty(Remotes.Result(Remotes.Receive(request with { Destination = _workspace["other"] })).Warnings);
        AssertSame("source", "other", keepsFractions: true);
    }

    public void Dispose() => _workspace.Dispose();

    private ReceiveRequest Request(RemoteHost host) => new()
    {
        Source = _workspace["source"],
        Hosts = [host],
        Destination = _workspace["target"],
        Ssh = server.SharedConnection,
        Recurse = true,
    };

    private static PaxTarEntry Entry(TarEntryType type, string name, string target = "")
    {
        var entry = new PaxTarEntry(type, name);
        if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
        {
            entry.LinkName = target;
        }

        return entry;
    }

    /// <summary>A host whose tar writes what it wants.</summary>
    private RemoteHost Evil(Action<TarWriter> write)
    {
        string path = _workspace["evil.tar"];
        using (var writer = new TarWriter(File.Create(path), TarEntryFormat.Pax))
        {
            writer.WriteEntry(Entry(TarEntryType.Directory, "./"));
            write(writer);
        }

        return server.Host($"evil-{Guid.NewGuid():N}", $"echo 'splice-tree pax'; cat {path}; echo splice-done");
    }

    private void Make(string name, bool isPlain)
    {
        string deep = Directory.CreateDirectory(_workspace[$"{name}/deep/-rf $(touch canary)"]).FullName;
        _workspace.WriteRandom($"{name}/some", 300_000);
        _workspace.WriteRandom($"{name}/large", 2_000_003);
        File.WriteAllText(Path.Combine(deep, isPlain ? "; touch canary" : "; touch\ncanary"), "content");
        _workspace.Write($"{name}/empty", []);
        File.CreateSymbolicLink(_workspace[$"{name}/link"], "$(touch canary)'nowhere");
        File.SetUnixFileMode(deep, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.SetUnixFileMode(_workspace[$"{name}/some"], UnixFileMode.UserRead | UnixFileMode.OtherExecute);
        File.SetLastWriteTimeUtc(_workspace[$"{name}/some"], new DateTime(isPlain ? 1969 : 2001, 2, 3, 4, 5, 6, 789, DateTimeKind.Utc));
    }

    private void AssertSame(string source, string copy, bool keepsFractions)
    {
        TreeAspects fractions = keepsFractions ? 0 : TreeAspects.Nanoseconds;
        TreeListing.Of(_workspace[source], sync: false)
            .AssertSame(TreeListing.Of(_workspace[copy], sync: false), TreeAspects.Copied & ~TreeAspects.Allocation & ~fractions);
    }

    private IEnumerable<string> Names(string folder) =>
        Directory.EnumerateFileSystemEntries(_workspace[folder], "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(_workspace[folder], path)).Order(StringComparer.Ordinal);

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_workspace[name])!);
        File.WriteAllBytes(_workspace[name], Encoding.UTF8.GetBytes(text));
    }
}
