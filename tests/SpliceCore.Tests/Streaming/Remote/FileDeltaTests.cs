using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>A large file that a host has in an older version: only the blocks that differ are sent.</summary>
public sealed class FileDeltaTests(SshServer server, MountedFileSystems fileSystems) : IDisposable
{
    private const int MiB = 1 << 20;
    private const int Size = (8 * MiB) + 4321;

    private readonly Workspace _workspace = new();

    public static TheoryData<string> Hosts => ["bash", "dash", "busybox", "without python", "without ctypes"];

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Only_blocks_that_differ_are_sent(string host)
    {
        byte[] content = MakeBoth();
        content[5 * MiB] ^= 1;
        content[^1] ^= 1;
        File.WriteAllBytes(_workspace["source"], content);
        Command.Check("chmod", "600", _workspace["target"]);

        RemoteTransferResult result = Remotes.Result(Remotes.Send(Request(Host(host))));

        bool hasPython = host is not ("busybox" or "without python");
        long sent = hasPython ? 65_536 + (Size % 65_536) : MiB + (Size % MiB);
        Assert.Equal((sent, Size - sent, Size, null, true), (result.BytesSent, result.BytesUnchanged, result.Length, result.WholeReason, result.Verified));
        Files.AssertSameBytes(_workspace["source"], _workspace["target"]);
        Assert.Equal(Files.Metadata(_workspace["source"], "%a %Y"), Files.Metadata(_workspace["target"], "%a %Y"));
        Assert.InRange(new FileInfo(_workspace["wire"]).Length, sent, sent + 50_000);
        Assert.Equal(["source", "target", "wire"], _workspace.Names.Where(name => name != "tools"));
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
            byte[] content = MakeBoth();
            Array.Resize(ref content, random.Next(2) == 0 ? Size : random.Next(MiB, 2 * Size));
            for (int i = random.Next(4); i >= 0; i--)
            {
                int start = random.Next(content.Length);
                Span<byte> range = content.AsSpan(start, random.Next(1, Math.Min(content.Length - start, 3 * MiB) + 1));
                if (random.Next(2) == 0)
                {
                    range.Clear();
                }
                else
                {
                    random.NextBytes(range);
                }
            }

            File.WriteAllBytes(_workspace["source"], content);
            RemoteTransferResult result = Remotes.Result(Remotes.Send(Request(there) with { BlockSize = 4096 << random.Next(8) }));

            Assert.True(File.ReadAllBytes(_workspace["target"]).AsSpan().SequenceEqual(content), $"seed {seed}, round {round}");
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
        File.WriteAllBytes(_workspace["source"], content);
        Command.Check("cp", "--reflink=always", xfs["target"], xfs["snapshot"]);
        Command.Check("sync", "-f", xfs.Folder);

        RemoteTransferResult result = Remotes.Result(Remotes.Send(Request(Host("bash")) with { Destination = xfs["target"] }));

        Assert.Equal((65_536, MiB), (result.BytesSent, result.BytesInHoles));
        Files.AssertSameBytes(_workspace["source"], xfs["target"]);
        Command.Check("sync", "-f", xfs.Folder);
        Assert.InRange(Files.Allocated(xfs["target"]), 15 * MiB, (15 * MiB) + 65_536);
    }

    [Theory]
    [InlineData("small", "a file is smaller than 1 MiB")]
    [InlineData("missing", "the host has no old file")]
    [InlineData("different", "most of it differs")]
    public void A_file_is_sent_whole_where_blocks_save_nothing(string old, string reason)
    {
        _workspace.WriteRandom("source", Size);
        if (old != "missing")
        {
            _workspace.Write("target", old == "small" ? new byte[1000] : Inverted());
        }

        RemoteTransferResult result = Remotes.Result(Remotes.Send(Request(Host("bash"))));

        Assert.Equal((Size, 0, reason), (result.BytesSent, result.BytesUnchanged, result.WholeReason));
        Files.AssertSameBytes(_workspace["source"], _workspace["target"]);
        if (old == "different")
        {
            File.WriteAllBytes(_workspace["source"], Inverted());
            Assert.Null(Remotes.Result(Remotes.Send(Request(Host("bash")) with { Delta = DeltaMode.Always })).WholeReason);
            Files.AssertSameBytes(_workspace["source"], _workspace["target"]);
        }
    }

    [Fact]
    public void Each_of_several_hosts_gets_the_blocks_that_it_lacks()
    {
        byte[] content = MakeBoth();
        string[] names = ["one", "two", "busybox", "other", "none"];
        RemoteHost[] hosts = [.. names.Select(name => server.Host($"delta-{name}-{Guid.NewGuid():N}",
            $"cd {Directory.CreateDirectory(_workspace[$"home/{name}"]).FullName}; exec {(name == "busybox" ? server.BusyboxCommand : "bash -c")} \"$SSH_ORIGINAL_COMMAND\""))];
        foreach (string name in names.SkipLast(1))
        {
            File.WriteAllBytes(_workspace[$"home/{name}/target"], content);
        }

        content[3 * MiB] ^= 1;
        File.WriteAllBytes(_workspace["source"], content);
        content[7 * MiB] ^= 1;
        File.WriteAllBytes(_workspace["home/other/target"], content);

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(Request(hosts[0]) with { Hosts = hosts, Destination = "target" });

        Assert.All(outcomes, outcome => Assert.Null(outcome.Error?.Message));
        Assert.Equal([65_536, 65_536, MiB, 65_536, Size], outcomes.Select(outcome => outcome.Result!.BytesSent));
        Assert.All(names, name => Files.AssertSameBytes(_workspace["source"], _workspace[$"home/{name}/target"]));
    }

    [Fact]
    public void With_Update_an_unchanged_file_is_not_compared()
    {
        MakeBoth();
        Command.Check("touch", "-r", _workspace["source"], _workspace["target"]);
        Command.Check("chmod", "--reference", _workspace["source"], _workspace["target"]);
        RemoteTransferResult result = Remotes.Result(Remotes.Send(Request(Host("bash")) with { Update = UpdateMode.Changed }));
        Assert.Equal((ItemStatus.Unchanged, 0, null), (result.Status, result.BytesSent, result.WholeReason));
    }

    [Fact]
    public void The_owner_stays_as_of_an_ordinary_file()
    {
        Command.RequireRoot();
        byte[] content = MakeBoth();
        content[0] ^= 1;
        File.WriteAllBytes(_workspace["source"], content);
        Command.Check("chown", "1234:4321", _workspace["target"]);
        Remotes.Result(Remotes.Send(Request(Host("bash"))));
        Assert.Equal("1234 4321", Files.Metadata(_workspace["target"], "%u %g"));
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
        _workspace.WriteRandom("source", Size);
        RemoteHost host = server.Host($"delta-{Guid.NewGuid():N}", $"read -r script; printf 'splice-ready 0 plan\\n{old}\\n'; {command}");
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
        File.WriteAllBytes(_workspace["source"], content);
        RemoteHost host = server.Host($"delta-{Guid.NewGuid():N}", $"exec bash -c \"$SSH_ORIGINAL_COMMAND\" < <({Remotes.Replacing(sent, arrived)})");
        Assert.NotNull(Assert.Single(Remotes.Send(Request(host))).Error);
        Assert.True(File.ReadAllBytes(_workspace["target"]).AsSpan().SequenceEqual(before));
        Wait.Until(() => !Directory.EnumerateFiles(_workspace.Folder, ".splice-*").Any(), "A temporary file is left.");
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
        File.WriteAllBytes(_workspace["source"], content);
        File.Copy(_workspace["target"], there["target"]);
        Thread.Sleep(TimeSpan.FromSeconds(2.1)); // a file that was changed right before is not cloned
        string tools = Directory.CreateDirectory(_workspace["tools"]).FullName;
        File.WriteAllText(
            $"{tools}/cp", $"#!/bin/sh\n/bin/cp \"$@\" && dd if={_workspace["source"]} of={there["target"]} bs=64k skip=80 seek=80 count=1 conv=notrunc status=none\n");
        File.SetUnixFileMode($"{tools}/cp", UnixFileMode.UserRead | UnixFileMode.UserExecute);
        RemoteHost host = server.Host($"delta-{Guid.NewGuid():N}", $"PATH={tools}:/usr/bin:/bin; exec bash -c \"$SSH_ORIGINAL_COMMAND\"");

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(Request(host) with { Destination = there["target"], Delta = DeltaMode.Always });

        if (isClone)
        {
            Remotes.Error(outcomes, TransferErrorId.DestinationChanged);
        }
        else
        {
            Assert.Equal(65_536, Remotes.Result(outcomes).BytesSent);
        }

        Files.AssertSameBytes(_workspace["source"], there["target"]);
        Wait.Until(() => there.Names.SequenceEqual(["target"]), "A temporary file is left.");
    }

    [Fact]
    public void A_folder_and_Resume_are_refused()
    {
        SendRequest request = Request(Host("bash"));
        Directory.CreateDirectory(_workspace["source"]);
        Assert.Equal(TransferErrorId.ConflictingOptions, Assert.Throws<TransferException>(() => Remotes.Send(request with { Recurse = true })).Id);
        request = request with { Source = _workspace.WriteRandom("file", 10), Resume = true };
        Assert.Equal(TransferErrorId.ConflictingOptions, Assert.Throws<TransferException>(() => Remotes.Send(request)).Id);
    }

    public void Dispose() => _workspace.Dispose();

    private byte[] Inverted() => [.. File.ReadAllBytes(_workspace["source"]).Select(one => (byte)~one)];

    private byte[] MakeBoth()
    {
        byte[] content = Workspace.RandomBytes(Size);
        _workspace.Write("source", content);
        _workspace.Write("target", content);
        return content;
    }

    private RemoteHost Host(string name)
    {
        string shell = $"{(name == "dash" ? "dash" : "bash")} -c";
        if (name == "without python")
        {
            string tools = Directory.CreateDirectory(_workspace["tools"]).FullName;
            Command.Check("sh", "-c", $"ln -sf /usr/bin/* {tools}/; rm {tools}/python3*");
            shell = $"env PATH={tools} bash -c";
        }
        else if (name == "without ctypes")
        {
            string tools = Directory.CreateDirectory(_workspace["tools"]).FullName;
            File.WriteAllText($"{tools}/python3", "#!/bin/sh\nshift 3\nprogram=$1\nshift\nexec /usr/bin/python3 -I -S -c \"import sys; sys.modules['ctypes'] = None\n$program\" \"$@\"\n");
            File.SetUnixFileMode($"{tools}/python3", UnixFileMode.UserRead | UnixFileMode.UserExecute);
            shell = $"env PATH={tools}:/usr/bin:/bin bash -c";
        }

        return server.Host($"delta-{Guid.NewGuid():N}", $"PATH=/usr/bin:/bin; exec {(name == "busybox" ? server.BusyboxCommand : shell)} \"$SSH_ORIGINAL_COMMAND\" < <(exec tee {_workspace["wire"]})");
    }

    private SendRequest Request(RemoteHost host) => new()
    {
        Source = _workspace["source"],
        Hosts = [host],
        Destination = _workspace["target"],
        Ssh = server.Options,
        Delta = DeltaMode.Auto,
    };
}
