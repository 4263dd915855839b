using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>A large file of a host that is here in an older version: only the blocks that differ are received.</summary>
public sealed class ReceivedDeltaTests(SshServer server, MountedFileSystems fileSystems) : DeltaTests(server)
{
    [Theory]
    [MemberData(nameof(Hosts))]
    public void Only_blocks_that_differ_are_received(string host)
    {
        byte[] content = MakeBoth();
        content[5 * MiB] ^= 1;
        content[^1] ^= 1;
        File.WriteAllBytes(Folder["source"], content);
        Command.Check("chmod", "600", Folder["target"]);

        RemoteTransferResult result = Remotes.Result(Remotes.Receive(Request(Host(host))));

        bool hasPython = host is not ("busybox" or "without python");
        long received = hasPython ? 65_536 + (Size % 65_536) : MiB + (Size % MiB);
        Assert.Equal((received, Size - received, Size, null, true), (result.BytesSent, result.BytesUnchanged, result.Length, result.WholeReason, result.Verified));
        Files.AssertSameBytes(Folder["source"], Folder["target"]);
        Assert.Equal(Files.Metadata(Folder["source"], "%a %Y"), Files.Metadata(Folder["target"], "%a %Y"));
        Assert.InRange(new FileInfo(Folder["wire"]).Length, received, received + 50_000);
        Assert.Equal(["source", "target", "wire"], Folder.Names.Where(name => name != "tools"));
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Random_changes_of_content_and_length_arrive(string host)
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        RemoteHost there = Host(host);
        for (int round = 0; round < 4; round++)
        {
            byte[] content = MakeChanged(random);
            RemoteTransferResult result = Remotes.Result(Remotes.Receive(Request(there) with { BlockSize = 4096 << random.Next(8), Delta = DeltaMode.Always }));

            Assert.True(File.ReadAllBytes(Folder["target"]).AsSpan().SequenceEqual(content), $"seed {seed}, round {round}");
            Assert.Equal(content.Length, result.BytesSent + result.BytesUnchanged + result.BytesInHoles);
        }
    }

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Ext4)]
    public void Zeros_become_holes_and_a_clone_shares_the_other_blocks(FileSystem fileSystem)
    {
        using Workspace here = fileSystems.NewFolder(fileSystem);
        byte[] content = Workspace.RandomBytes(16 * MiB);
        File.WriteAllBytes(here["target"], content);
        content[MiB] ^= 1;
        Array.Clear(content, 4 * MiB, MiB);
        File.WriteAllBytes(Folder["source"], content);
        Command.Check("sync", "-f", here.Folder);

        RemoteTransferResult result = Remotes.Result(Remotes.Receive(Request(Host("bash")) with { Destination = here["target"] }));

        Assert.Equal((65_536, MiB), (result.BytesSent, result.BytesInHoles));
        Files.AssertSameBytes(Folder["source"], here["target"]);
        Command.Check("sync", "-f", here.Folder);
        Assert.InRange(Files.Allocated(here["target"]), 15 * MiB, (15 * MiB) + 65_536);
        Assert.Equal(["target"], here.Names);
    }

    [Theory]
    [InlineData("small", "a file is smaller than 1 MiB")]
    [InlineData("missing", "the old file is missing or cannot be read")]
    [InlineData("different", "most of it differs")]
    public void A_file_is_received_whole_where_blocks_save_nothing(string old, string reason)
    {
        Folder.WriteRandom("source", Size);
        if (old != "missing")
        {
            Folder.Write("target", old == "small" ? new byte[1000] : Inverted());
        }

        RemoteTransferResult result = Remotes.Result(Remotes.Receive(Request(Host("bash"))));

        Assert.Equal((Size, 0, reason), (result.BytesSent, result.BytesUnchanged, result.WholeReason));
        Files.AssertSameBytes(Folder["source"], Folder["target"]);
        if (old == "different")
        {
            File.WriteAllBytes(Folder["source"], Inverted());
            Assert.Null(Remotes.Result(Remotes.Receive(Request(Host("bash")) with { Delta = DeltaMode.Always })).WholeReason);
            Files.AssertSameBytes(Folder["source"], Folder["target"]);
        }
    }

    [Fact]
    public void With_Update_an_unchanged_file_is_not_compared()
    {
        MakeBoth();
        Command.Check("touch", "-r", Folder["source"], Folder["target"]);
        RemoteTransferResult result = Remotes.Result(Remotes.Receive(Request(Host("bash")) with { Update = UpdateMode.Changed }));
        Assert.Equal((ItemStatus.Unchanged, 0, null), (result.Status, result.BytesSent, result.WholeReason));
    }

    /// <summary>What the host prints does not fit to what is asked of it.</summary>
    [Theory]
    [InlineData("echo splice-tool python3; yes")]
    [InlineData("yes")]
    [InlineData("echo splice-tool python3; echo splice-blocks; yes")]
    [InlineData("echo splice-tool python3; echo splice-blocks; head -c 100 /dev/zero; exit 3")]
    [InlineData("echo splice-tool python3; echo splice-blocks; head -c 8256 /dev/zero; exit 0")]
    [InlineData("echo splice-tool python3; echo splice-blocks; head -c 8256 /dev/zero; exec cat /dev/zero")]
    [InlineData("exit 0")]
    public void A_host_that_sends_anything_is_an_error(string command)
    {
        byte[] content = MakeBoth();
        RemoteHost host = Server.Host($"delta-{Guid.NewGuid():N}", $"read -r script; echo splice-file {Size} 1.0 644 1 2 16400 0 0 1.0 -; {command}");
        foreach (DeltaMode mode in new[] { DeltaMode.Always, DeltaMode.Auto })
        {
            Assert.NotNull(Assert.Single(Remotes.Receive(Request(host) with { Delta = mode })).Error);
            Assert.True(File.ReadAllBytes(Folder["target"]).AsSpan().SequenceEqual(content));
            Assert.Equal(["source", "target"], Folder.Names);
        }
    }

    [Fact]
    public void A_size_without_limit_is_not_believed()
    {
        MakeBoth();
        RemoteHost host = Server.Host(
            $"delta-{Guid.NewGuid():N}", "read -r script; echo splice-file 9223372036854775807 1.0 644 1 2 16400 0 0 1.0 -; echo splice-tool python3; exec cat > /dev/null");
        TransferException error = Assert.Single(Remotes.Receive(Request(host))).Error!;
        Assert.Equal("a file is larger than 256 TiB", ((RemoteTransferResult)error.Partial!).WholeReason);
    }

    [Theory]
    [InlineData("5242880", "1048576")]
    [InlineData("delta", "keep")]
    public void False_bytes_are_not_named(string sent, string arrived)
    {
        byte[] content = MakeBoth();
        byte[] before = [.. content];
        content[5 * MiB] ^= 1;
        File.WriteAllBytes(Folder["source"], content);
        RemoteHost host = Server.Host($"delta-{Guid.NewGuid():N}", $"exec bash -c \"$SSH_ORIGINAL_COMMAND\" < <({Remotes.Replacing(sent, arrived)})");
        Assert.NotNull(Assert.Single(Remotes.Receive(Request(host))).Error);
        Assert.True(File.ReadAllBytes(Folder["target"]).AsSpan().SequenceEqual(before));
        Assert.Equal(["source", "target"], Folder.Names);
    }

    /// <summary>The source is changed after the host has computed its sums.</summary>
    [Fact]
    public void A_source_that_changes_is_an_error()
    {
        byte[] content = MakeBoth();
        byte[] before = [.. content];
        content[5 * MiB] ^= 1;
        File.WriteAllBytes(Folder["source"], content);
        string change = $"printf x | dd of={Folder["source"]} bs=1 seek=5242880 conv=notrunc status=none";
        RemoteHost host = Server.Host(
            $"delta-{Guid.NewGuid():N}", $"exec bash -c \"$SSH_ORIGINAL_COMMAND\" < <(perl -e 'while (sysread(STDIN, $_, 65536)) {{ system(\"{change}\") if / 5242880 /; syswrite(STDOUT, $_) }}')");
        Remotes.Error(Remotes.Receive(Request(host)), TransferErrorId.SourceChanged);
        Assert.True(File.ReadAllBytes(Folder["target"]).AsSpan().SequenceEqual(before));
    }

    /// <summary>Another process makes a block of the old file equal to the source after it was cloned: the clone's block differs.</summary>
    [Fact]
    public void A_change_of_the_old_file_after_its_clone_is_found()
    {
        using Workspace here = fileSystems.NewFolder(FileSystem.Xfs);
        byte[] content = MakeBoth();
        content[5 * MiB] ^= 1;
        content[6 * MiB] ^= 1;
        File.WriteAllBytes(Folder["source"], content);
        File.Copy(Folder["target"], here["target"]);

        // The host sums slowly, and the old file is compared after its change.
        string change = $"dd if={Folder["source"]} of={here["target"]} bs=64k skip=80 seek=80 count=1 conv=notrunc status=none";
        RemoteHost host = Server.Host(
            $"delta-{Guid.NewGuid():N}", $"exec bash -c \"$SSH_ORIGINAL_COMMAND\" < <(perl -e 'while (sysread(STDIN, $_, 65536)) {{ system(\"{change}\") if / 6291456 /; syswrite(STDOUT, $_) }}')");
        RemoteTransferResult result = Remotes.Result(Remotes.Receive(Request(host) with { Destination = here["target"], Delta = DeltaMode.Always }));

        // The block was received, since it differed before: all blocks of the clone were compared.
        Assert.Equal(131_072, result.BytesSent);
        Files.AssertSameBytes(Folder["source"], here["target"]);
    }

    [Fact]
    public void A_folder_and_Resume_are_refused()
    {
        ReceiveRequest request = Request(Host("bash"));
        Assert.Equal(TransferErrorId.ConflictingOptions, Assert.Throws<TransferException>(() => Remotes.Receive(request with { Recurse = true })).Id);
        Assert.Equal(TransferErrorId.ConflictingOptions, Assert.Throws<TransferException>(() => Remotes.Receive(request with { Resume = true })).Id);
    }

    private RemoteHost Host(string name) => Host(name, $"> >(exec tee {Folder["wire"]})");

    private ReceiveRequest Request(RemoteHost host) => new()
    {
        Source = Folder["source"],
        Hosts = [host],
        Destination = Folder["target"],
        Ssh = Server.Options,
        Delta = DeltaMode.Auto,
    };
}
