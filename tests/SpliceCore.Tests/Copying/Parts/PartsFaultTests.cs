using Xunit;

namespace Splice.Tests.Copying.Parts;

/// <summary>Every system call fails of cutting a file into parts and of joining them: there are all parts or the old ones, the
/// whole or the old file, and nothing beside them.</summary>
public sealed class PartsFaultTests(FaultLedger created, ITestOutputHelper output)
{
    private const int Size = 500_000;
    private const int PartSize = 170_000;

    private static readonly string[] When = ["1", "2", "4", "7", "1+"];

    private static readonly Errno[] Errnos = [Errno.ENOSPC, Errno.EIO, Errno.EPERM, Errno.EINTR, Errno.EDQUOT, Errno.ENOMEM];

    public static TheoryData<string> Calls =>
        ["openat", "statx", "copy_file_range", "linkat", "renameat", "fchmod", "ioctl", "?faccessat,?faccessat2", "ftruncate", "lseek", "pread64"];

    [Theory]
    [MemberData(nameof(Calls))]
    public void All_or_nothing(string call)
    {
        using Workspace folder = Workspace.InMemory();
        Directory.CreateDirectory(folder["parts"]);
        Files.WriteSparse(folder["file"], Size, (0, 100_000), (200_000, 200_000));
        using TreeHostProcess host = call == "linkat" ? new TreeHostProcess() : TreeHostProcess.Shared();
        Rehearse(folder, host);
        int injected = 0;
        int tried = 0;
        foreach ((Errno errno, string when, bool overOld) in FullRun.Cases(
            from errno in Errnos
            from when in When
            from overOld in new[] { false, true }
            where errno != Errno.EINTR || when != "1+"
            select (errno, when, overOld)))
        {
            var fault = new Fault(call, $"error={errno}", when);
            injected += Split(folder, host, fault, overOld) + Join(folder, host, fault, overOld);
            tried += 2;
        }

        Assert.DoesNotContain(
            Directory.GetFiles($"/proc/{host.Id}/fd").Select(file => new FileInfo(file).LinkTarget),
            target => target?.StartsWith(folder.Folder, StringComparison.Ordinal) == true);
        output.WriteLine($"{tried} times, {injected} calls failed; {created}");
        Assert.True(injected > 0, "nothing was injected");
    }

    [Fact]
    public void An_old_part_that_does_not_get_its_name_back_is_named()
    {
        using Workspace folder = Workspace.InMemory();
        Directory.CreateDirectory(folder["parts"]);
        folder.WriteRandom("file", Size);
        using TreeHostProcess host = TreeHostProcess.Shared();
        Rehearse(folder, host);
        byte[] old = Workspace.RandomBytes(1000, seed: 5);
        foreach (string part in new[] { "file.001", "file.002", "file.003" })
        {
            folder.Write($"parts/{part}", old);
        }

        // The first part gets its name, the second does not, and then the old first part is to get it back.
        using var attached = new AttachedFault(host, new Fault("renameat", "error=EIO", "2+"));
        TreeAnswer answer = host.Split(SplitRequest(folder));

        Assert.Equal(2, attached.Detach());
        Assert.Equal("EIO", answer.Errno);
        string left = Assert.Single(Directory.GetFiles(folder["parts"], ".splice-*"));
        Assert.Equal(old, File.ReadAllBytes(left));
        Assert.Contains($"'{folder["parts/file.001"]}' was moved aside", answer.Message, StringComparison.Ordinal);
        Assert.Contains($"'{Path.GetFileName(left)}'", answer.Message, StringComparison.Ordinal);
    }

    private static SplitRequest SplitRequest(Workspace folder) => new()
    {
        Copy = new CopyRequest { Source = folder["file"], Destination = folder["parts"] },
        PartSize = PartSize,
    };

    private static JoinRequest JoinRequest(Workspace folder) => new()
    {
        Sources = [folder["file"], folder["file"]],
        Copy = new CopyRequest { Source = folder["file"], Destination = folder["parts/whole"] },
    };

    private static void Rehearse(Workspace folder, TreeHostProcess host)
    {
        for (int i = 0; i < 2; i++)
        {
            Assert.Null(host.Split(SplitRequest(folder)).Error);
            Assert.Null(host.Join(JoinRequest(folder)).Error);
            Assert.NotNull(host.Split(SplitRequest(folder) with { PartCount = 1 }).Error);
            Assert.NotNull(host.Join(JoinRequest(folder) with { Sources = [folder["missing"]] }).Error);
        }
    }

    private int Split(Workspace folder, TreeHostProcess host, Fault fault, bool overOld)
    {
        string[] names = ["parts/file.001", "parts/file.002", "parts/file.003"];
        byte[] file = File.ReadAllBytes(folder["file"]);
        byte[][] parts = [file[..PartSize], file[PartSize..(2 * PartSize)], file[(2 * PartSize)..]];
        return Judge(folder, fault, () => host.Split(SplitRequest(folder)), host, names, parts, overOld);
    }

    private int Join(Workspace folder, TreeHostProcess host, Fault fault, bool overOld)
    {
        byte[] file = File.ReadAllBytes(folder["file"]);
        return Judge(folder, fault, () => host.Join(JoinRequest(folder)), host, ["parts/whole"], [[.. file, .. file]], overOld);
    }

    private int Judge(
        Workspace folder, Fault fault, Func<TreeAnswer> run, TreeHostProcess host, string[] names, byte[][] contents, bool overOld)
    {
        Command.Check("find", folder["parts"], "-type", "f", "-delete");
        byte[] old = Workspace.RandomBytes(1000, seed: 5);
        foreach (string name in overOld ? names : [])
        {
            folder.Write(name, old);
        }

        int injected;
        TreeAnswer answer;
        using (var attached = new AttachedFault(host, fault))
        {
            answer = run();
            injected = attached.Detach();
        }

        string[] now = [.. Directory.GetFileSystemEntries(folder["parts"]).Select(path => $"parts/{Path.GetFileName(path)}").Order(StringComparer.Ordinal)];
        bool made = now.SequenceEqual(names) && names.Zip(contents).All(part => File.ReadAllBytes(folder[part.First]).AsSpan().SequenceEqual(part.Second));
        bool kept = now.SequenceEqual(overOld ? names : []) && now.All(name => File.ReadAllBytes(folder[name]).AsSpan().SequenceEqual(old));
        bool littered = now.Except(names).Any();
        created.Add(copied: made, oldKept: kept && !made, littered);
        string where = $"{fault} {(overOld ? "over old ones" : "anew")}: {string.Join(' ', now)} {answer}";
        Assert.False(littered, where);
        Assert.True(answer.Error is null ? made : kept, where);
        return injected;
    }
}
