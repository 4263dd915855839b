using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>A large file that a host has in an older version: only the blocks that differ are sent.</summary>
public sealed class FileDeltaTests(SshServer server, MountedFileSystems fileSystems) : DeltaTests(server)
{
    [Theory]
    [MemberData(nameof(Hosts))]
    public void Only_blocks_that_differ_are_sent(string host)
    {
        byte[] content = MakeBoth();
        content[5 * MiB] ^= 1;
        content[^1] ^= 1;
        File.WriteAllBytes(Folder["source"], content);
        Command.Check("chmod", "600", Folder["target"]);

        RemoteTransferResult result = Remotes.Result(Remotes.Send(Request(Host(host))));

        bool hasPython = host is not ("busybox" or "without python");
        long sent = hasPython ? 65_536 + (Size % 65_536) : MiB + (Size % MiB);
        Assert.Equal((sent, Size - sent, Size, null, true), (result.BytesSent, result.BytesUnchanged, result.Length, result.WholeReason, result.Verified));
        Files.AssertSameBytes(Folder["source"], Folder["target"]);
        Assert.Equal(Files.Metadata(Folder["source"], "%a %Y"), Files.Metadata(Folder["target"], "%a %Y"));
        Assert.InRange(new FileInfo(Folder["wire"]).Length, sent, sent + 50_000);
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
            RemoteTransferResult result = Remotes.Result(Remotes.Send(Request(there) with { BlockSize = 4096 << random.Next(8) }));

            Assert.True(File.ReadAllBytes(Folder["target"]).AsSpan().SequenceEqual(content), $"seed {seed}, round {round}");
            Assert.Equal(content.Length, result.BytesSent + result.BytesUnchanged + result.BytesInHoles);
        }
    }

    [Fact]
    public void The_new_file_shares_the_other_blocks_with_the_old_one()
    {
        using Workspace xfs = fileSystems.NewFolder(FileSystem.Xfs);
        byte[] content = Workspace.RandomBytes(16 * MiB);
        File.WriteAllBytes(xfs["target"], content);
        content[MiB] ^= 1;
        Array.Clear(content, 4 * MiB, MiB);
        File.WriteAllBytes(Folder["source"], content);
        Command.Check("cp", "--reflink=always", xfs["target"], xfs["snapshot"]);
        Command.Check("sync", "-f", xfs.Folder);

        RemoteTransferResult result = Remotes.Result(Remotes.Send(Request(Host("bash")) with { Destination = xfs["target"] }));

        Assert.Equal((65_536, MiB), (result.BytesSent, result.BytesInHoles));
        Files.AssertSameBytes(Folder["source"], xfs["target"]);
        Command.Check("sync", "-f", xfs.Folder);
        Assert.InRange(Files.Allocated(xfs["target"]), 15 * MiB, (15 * MiB) + 65_536);
    }

    [Theory]
    [InlineData("small", "a file is smaller than 1 MiB")]
    [InlineData("missing", "the host has no old file")]
    [InlineData("different", "most of it differs")]
    public void A_file_is_sent_whole_where_blocks_save_nothing(string old, string reason)
    {
        Folder.WriteRandom("source", Size);
        if (old != "missing")
        {
            Folder.Write("target", old == "small" ? new byte[1000] : Inverted());
        }

        RemoteTransferResult result = Remotes.Result(Remotes.Send(Request(Host("bash"))));

        Assert.Equal((Size, 0, reason), (result.BytesSent, result.BytesUnchanged, result.WholeReason));
        Files.AssertSameBytes(Folder["source"], Folder["target"]);
        if (old == "different")
        {
            File.WriteAllBytes(Folder["source"], Inverted());
            Assert.Null(Remotes.Result(Remotes.Send(Request(Host("bash")) with { Delta = DeltaMode.Always })).WholeReason);
            Files.AssertSameBytes(Folder["source"], Folder["target"]);
        }
    }

    [Fact]
    public void Each_of_several_hosts_gets_the_blocks_that_it_lacks()
    {
        byte[] content = MakeBoth();
        string[] names = ["one", "two", "busybox", "other", "none"];
        RemoteHost[] hosts = [.. names.Select(name => Server.Host($"delta-{name}-{Guid.NewGuid():N}",
            $"cd {Directory.CreateDirectory(Folder[$"home/{name}"]).FullName}; exec {(name == "busybox" ? Server.BusyboxCommand : "bash -c")} \"$SSH_ORIGINAL_COMMAND\""))];
        foreach (string name in names.SkipLast(1))
        {
            File.WriteAllBytes(Folder[$"home/{name}/target"], content);
        }

        content[3 * MiB] ^= 1;
        File.WriteAllBytes(Folder["source"], content);
        content[7 * MiB] ^= 1;
        File.WriteAllBytes(Folder["home/other/target"], content);

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(Request(hosts[0]) with { Hosts = hosts, Destination = "target" });

        Assert.All(outcomes, outcome => Assert.Null(outcome.Error?.Message));
        Assert.Equal([65_536, 65_536, MiB, 65_536, Size], outcomes.Select(outcome => outcome.Result!.BytesSent));
        Assert.All(names, name => Files.AssertSameBytes(Folder["source"], Folder[$"home/{name}/target"]));
    }

    [Fact]
    public void With_Update_an_unchanged_file_is_not_compared()
    {
        MakeBoth();
        Command.Check("touch", "-r", Folder["source"], Folder["target"]);
        Command.Check("chmod", "--reference", Folder["source"], Folder["target"]);
        RemoteTransferResult result = Remotes.Result(Remotes.Send(Request(Host("bash")) with { Update = UpdateMode.Changed }));
        Assert.Equal((ItemStatus.Unchanged, 0, null), (result.Status, result.BytesSent, result.WholeReason));
    }

    [Fact]
    public void The_owner_stays_as_of_an_ordinary_file()
    {
        Command.RequireRoot();
        byte[] content = MakeBoth();
        content[0] ^= 1;
        File.WriteAllBytes(Folder["source"], content);
        Command.Check("chown", "1234:4321", Folder["target"]);
        Remotes.Result(Remotes.Send(Request(Host("bash"))));
        Assert.Equal("1234 4321", Files.Metadata(Folder["target"], "%u %g"));
    }

    /// <summary>The sums, the sizes, or the copy of the old file are false.</summary>
    [Theory]
    [InlineData("splice-old python3:ef53 - 0 81a4 8392929 1.0 644 0 0 1 2 3 0 0", "read -r a; printf 'splice-blocks\\n'; yes")]
    [InlineData("splice-old python3:ef53 - 0 81a4 8392929 1.0 644 0 0 1 2 3 0 0", "yes")]
    [InlineData("splice-old python3:ef53 - 0 81a4 9223372036854775807 1.0 644 0 0 1 2 3 0 0", "read -r a; printf 'splice-blocks\\n'; head -c 100000000 /dev/zero")]
    [InlineData("splice-old python3:ef53 - 0 81a4 8392929 1.0 644 0 0 1 2 3 0 0", "read -r a; printf 'splice-blocks\\n'; head -c 100 /dev/zero; exit 3")]
    [InlineData("splice-old x:ef53 - 0 81a4 8392929 1.0 644 0 0 1 2 3 0 0", "printf 'splice-ready 0 0\\n'; exit 3")]
    public void A_host_that_sends_anything_is_an_error(string old, string command)
    {
        Folder.WriteRandom("source", Size);
        RemoteHost host = Server.Host($"delta-{Guid.NewGuid():N}", $"read -r script; printf 'splice-ready 0 plan\\n{old}\\n'; {command}");
        Remotes.Error(Remotes.Send(Request(host) with { Delta = DeltaMode.Always }), TransferErrorId.RemoteFailed);
        Remotes.Error(Remotes.Send(Request(host)), TransferErrorId.RemoteFailed);
    }

    [Theory]
    [InlineData("5242880", "1048576")]
    [InlineData("delta", "send")]
    public void False_bytes_are_not_named(string sent, string arrived)
    {
        byte[] content = MakeBoth();
        byte[] before = [.. content];
        content[5 * MiB] ^= 1;
        File.WriteAllBytes(Folder["source"], content);
        RemoteHost host = Server.Host($"delta-{Guid.NewGuid():N}", $"exec bash -c \"$SSH_ORIGINAL_COMMAND\" < <({Remotes.Replacing(sent, arrived)})");
        Assert.NotNull(Assert.Single(Remotes.Send(Request(host))).Error);
        Assert.True(File.ReadAllBytes(Folder["target"]).AsSpan().SequenceEqual(before));
        Wait.Until(() => !Directory.EnumerateFiles(Folder.Folder, ".splice-*").Any(), "A temporary file is left.");
    }

    /// <summary>Another process makes a block of the old file equal to the source after the host has copied it. The copy of the block
    /// differs, and the sums of a clone are those of the old file, whose pages are in the cache.</summary>
    [Theory]
    [InlineData(FileSystem.Xfs, true)]
    [InlineData(FileSystem.Ext4, false)]
    public void A_change_of_the_old_file_after_its_copy_is_found(FileSystem fileSystem, bool isClone)
    {
        using Workspace there = fileSystems.NewFolder(fileSystem);
        byte[] content = MakeBoth();
        content[5 * MiB] ^= 1;
        File.WriteAllBytes(Folder["source"], content);
        File.Copy(Folder["target"], there["target"]);
        Thread.Sleep(TimeSpan.FromSeconds(2.1)); // a file that was changed right before is not cloned
        string tools = Directory.CreateDirectory(Folder["tools"]).FullName;
        File.WriteAllText(
            $"{tools}/cp", $"#!/bin/sh\n/bin/cp \"$@\" && dd if={Folder["source"]} of={there["target"]} bs=64k skip=80 seek=80 count=1 conv=notrunc status=none\n");
        File.SetUnixFileMode($"{tools}/cp", UnixFileMode.UserRead | UnixFileMode.UserExecute);
        RemoteHost host = Server.Host($"delta-{Guid.NewGuid():N}", $"PATH={tools}:/usr/bin:/bin; exec bash -c \"$SSH_ORIGINAL_COMMAND\"");

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(Request(host) with { Destination = there["target"], Delta = DeltaMode.Always });

        if (isClone)
        {
            Remotes.Error(outcomes, TransferErrorId.DestinationChanged);
        }
        else
        {
            Assert.Equal(65_536, Remotes.Result(outcomes).BytesSent);
        }

        Files.AssertSameBytes(Folder["source"], there["target"]);
        Wait.Until(() => there.Names.SequenceEqual(["target"]), "A temporary file is left.");
    }

    [Fact]
    public void A_folder_and_Resume_are_refused()
    {
        SendRequest request = Request(Host("bash"));
        Directory.CreateDirectory(Folder["source"]);
        Assert.Equal(TransferErrorId.ConflictingOptions, Assert.Throws<TransferException>(() => Remotes.Send(request with { Recurse = true })).Id);
        request = request with { Source = Folder.WriteRandom("file", 10), Resume = true };
        Assert.Equal(TransferErrorId.ConflictingOptions, Assert.Throws<TransferException>(() => Remotes.Send(request)).Id);
    }

    private RemoteHost Host(string name) => Host(name, $"< <(exec tee {Folder["wire"]})");

    private SendRequest Request(RemoteHost host) => new()
    {
        Source = Folder["source"],
        Hosts = [host],
        Destination = Folder["target"],
        Ssh = Server.Options,
        Delta = DeltaMode.Auto,
    };
}
