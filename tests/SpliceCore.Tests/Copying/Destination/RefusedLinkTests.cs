using Xunit;

namespace Splice.Tests.Copying.Destination;

/// <summary>File systems that make files without a name, and then give them none.</summary>
public sealed class RefusedLinkTests : IDisposable
{
    private readonly Workspace _folder = new();
    private readonly Workspace _logs = new();

    public static TheoryData<string, bool> Refusals => new(
        from errno in new[] { "EXDEV", "EPERM", "EOPNOTSUPP", "ENOENT", "EACCES", "EINVAL" }
        from replaces in new[] { false, true }
        select (errno, replaces));

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_copy_is_made_again_under_a_temporary_name(string errno, bool replaces)
    {
        Files.WriteSparse(_folder["source"], 8 << 20, (1 << 20, 300_000));
        Command.Check("chmod", "0640", _folder["source"]);
        Command.Check("touch", "-d", "2001-02-03 04:05:06.123456789 UTC", _folder["source"]);
        if (replaces)
        {
            _folder.WriteRandom("copy", 10, seed: 2);
            Command.Check("chmod", "0640", _folder["copy"]);
        }

        HostAnswer answer = HostedCopy.Run(
            new CopyRequest { Source = _folder["source"], Destination = _folder["copy"], Verify = true, Flush = true }, Strace(errno));

        Assert.True(answer.Succeeded, answer.Message);
        Assert.True(answer is { Verified: true, Flushed: true });
        Files.AssertSameBytes(_folder["source"], _folder["copy"]);
        Assert.Equal(Files.Metadata(_folder["source"]), Files.Metadata(_folder["copy"]));
        Assert.True(Files.Allocated(_folder["copy"]) < 1 << 20);
        Assert.Equal(["copy", "source"], _folder.Names);
    }

    [Fact]
    public void It_is_remembered_for_the_file_system()
    {
        Directory.CreateDirectory(_folder["source"]);
        for (int i = 0; i < 20; i++)
        {
            _folder.WriteRandom($"source/{i}", 1000, seed: i);
        }

        using (var host = new TreeHostProcess(Strace("EXDEV", "openat,linkat")))
        {
            TreeAnswer answer = host.Copy(new TreeRequest { Copy = new CopyRequest { Source = _folder["source"], Destination = _folder["copy"] }, ThrottleLimit = 1 });
            Assert.True(answer.Succeeded, $"{answer}");
            TreeAnswer joined = host.Join(new JoinRequest
            {
                Sources = [_folder["source/1"], _folder["source/2"]],
                Copy = new CopyRequest { Source = _folder["source/1"], Destination = _folder["whole"], Flush = true },
            });
            Assert.True(joined.Succeeded, $"{joined}");
            TreeAnswer parts = host.Split(new SplitRequest { Copy = new CopyRequest { Source = _folder["whole"], Destination = _folder.Folder }, PartCount = 2 });
            Assert.True(parts.Succeeded, $"{parts}");
        }

        Assert.Equal(string.Empty, Command.Run("diff", "-r", _folder["source"], _folder["copy"]).Text);
        Assert.Equal(["copy", "source", "whole", "whole.001", "whole.002"], _folder.Names);
        string[] calls = [.. File.ReadLines(_logs["trace"]).Where(line => line.Contains("O_TMPFILE", StringComparison.Ordinal))];
        Assert.InRange(calls.Length, 1, 3); // the rehearsal's in another folder of the same file system, and the first here
    }

    [Fact]
    public void What_the_second_file_does_not_get_is_told()
    {
        Command.Require("setfattr");
        _folder.WriteRandom("source", 1000);
        Command.Check("setfattr", "-n", "user.mark", "-v", "1", _folder["source"]);

        HostAnswer answer = HostedCopy.Run(
            new CopyRequest { Source = _folder["source"], Destination = _folder["copy"], Preserve = PreserveAttributes.All },
            [.. Strace("EXDEV", "linkat,fsetxattr"), "-e", "inject=fsetxattr:error=ENOSPC:when=2"]);

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Contains("user.mark", Assert.Single(answer.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void What_gets_no_name_either_way_leaves_the_old_file()
    {
        _folder.WriteRandom("source", 1000);
        _folder.WriteRandom("copy", 10, seed: 2);

        HostAnswer answer = HostedCopy.Run(
            new CopyRequest { Source = _folder["source"], Destination = _folder["copy"] }, [.. Strace("EXDEV"), "-e", "inject=renameat:error=EIO"]);

        Assert.Equal($"{TransferErrorId.WriteFailed}", answer.Error);
        Assert.Contains("could not be renamed", answer.Message, StringComparison.Ordinal);
        Assert.Equal(Workspace.RandomBytes(10, seed: 2), File.ReadAllBytes(_folder["copy"]));
        Assert.Equal(["copy", "source"], _folder.Names);
    }

    [Fact]
    public void The_second_file_is_the_one_that_hard_links_lead_to()
    {
        Directory.CreateDirectory(_folder["source"]);
        _folder.WriteRandom("source/a", 1000);
        Command.Check("ln", _folder["source/a"], _folder["source/b"]);
        Directory.CreateDirectory(_folder["copy"]);
        using var host = new TreeHostProcess();
        using var strace = new AttachedFault(host, new Fault("linkat", "error=EXDEV", "1"));

        TreeAnswer answer = host.Copy(TreeCopies.Request(_folder["source"], _folder["copy"]) with { ThrottleLimit = 1 });

        Assert.True(strace.Detach() > 0, "nothing was injected");
        Assert.True(answer.Succeeded && answer.Warnings.Length == 0, $"{answer}");
        Assert.Equal("2\n2", Command.Check("stat", "-c", "%h", _folder["copy/source/a"], _folder["copy/source/b"]));
    }

    [Fact]
    public void The_second_file_is_not_replaced_by_another_source_of_the_command()
    {
        Directory.CreateDirectory(_folder["one"]);
        Directory.CreateDirectory(_folder["two"]);
        Directory.CreateDirectory(_folder["copy"]);
        _folder.WriteRandom("one/file", 1000);
        _folder.WriteRandom("two/file", 1000, seed: 2);
        var one = new CopyRequest { Source = _folder["one/file"], Destination = _folder["copy"], CreatedFiles = new CreatedFiles() };
        CopyRequest two = one with { Source = _folder["two/file"] };
        using (var host = new TreeHostProcess())
        {
            using var strace = new AttachedFault(host, new Fault("linkat", "error=EXDEV", "1+"));
            Assert.True(host.Copy(one) is { Succeeded: true }, "the first copy failed");
            Assert.Equal($"{TransferErrorId.DestinationExists}", host.Copy(two).Error);
        }

        using (var host = new TreeHostProcess())
        {
            using var strace = new AttachedFault(host, new Fault("linkat", "error=EXDEV", "1+"));
            Assert.True(host.Split(new SplitRequest { Copy = one, PartCount = 2 }) is { Succeeded: true }, "the first split failed");
            Assert.Equal($"{TransferErrorId.DestinationExists}", host.Split(new SplitRequest { Copy = two, PartCount = 2 }).Error);
        }

        Assert.Equal(["file", "file.001", "file.002"], Directory.GetFiles(_folder["copy"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Files.AssertSameBytes(_folder["one/file"], _folder["copy/file"]);
        Assert.Equal(Workspace.RandomBytes(1000)[..500], File.ReadAllBytes(_folder["copy/file.001"]));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _logs.Dispose();
    }

    private string[] Strace(string errno, string calls = "linkat,renameat") =>
    [
        "strace", "-f", "-qq", "-o", _logs["trace"], "-e", $"trace={calls}", "-e", $"inject=linkat:error={errno}",
    ];
}
