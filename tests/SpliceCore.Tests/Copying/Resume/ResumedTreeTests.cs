using Xunit;

namespace Splice.Tests.Copying.Resume;

/// <summary>A tree whose copy was interrupted: the same command goes on with it.</summary>
public sealed class ResumedTreeTests : IDisposable
{
    private const int Files = 40;

    private readonly MountedFileSystems _fileSystems;
    private readonly Workspace _workspace = new();

    public ResumedTreeTests(MountedFileSystems fileSystems)
    {
        _fileSystems = fileSystems;
        Directory.CreateDirectory(_workspace["source/inner"]);
        for (int i = 0; i < Files; i++)
        {
            _workspace.WriteRandom(i % 2 == 0 ? $"source/{i}" : $"source/inner/{i}", 1000 + i, seed: i);
        }
    }

    private TreeRequest Request => new()
    {
        Copy = new CopyRequest { Source = _workspace["source"], Destination = _workspace["copy"], Resume = true },
        ThrottleLimit = 1,
        PerFile = true,
    };

    [Fact]
    public void The_same_command_goes_on_in_the_folder_that_it_made()
    {
        long done = Interrupt(Request, after: 7);
        string mark = Assert.Single(_workspace.Names, name => name.EndsWith(".splice-partial", StringComparison.Ordinal));
        Assert.StartsWith("copy.", mark, StringComparison.Ordinal);
        Assert.InRange(done, 7, Files - 1);

        TransferResult result = TreeCopy.Copy(Request, TreeMonitor.None);

        Assert.Equal((Files, 0L), (result.FileCount, result.Failed));
        Assert.Equal(done, result.Unchanged);
        Assert.Equal(["copy", "source"], _workspace.Names);
        Assert.Empty(TreeListing.Of(_workspace["source"]).DifferencesTo(TreeListing.Of(_workspace["copy"]), TreeAspects.Copied));
    }

    /// <summary>-Update, too, is for the copy of this source that was begun, and ends it.</summary>
    [Fact]
    public void An_update_continues_in_the_folder_that_was_made()
    {
        long done = Interrupt(Request, after: 7);

        TransferResult result = TreeCopy.Copy(Request with { Copy = Request.Copy with { Resume = false, Update = UpdateMode.Changed } }, TreeMonitor.None);

        Assert.Equal(done, result.Unchanged);
        Assert.Equal(["copy", "source"], _workspace.Names);
        Assert.Equal(string.Empty, Command.Run("diff", "-r", _workspace["source"], _workspace["copy"]).Text);
    }

    [Fact]
    public void Only_what_is_missing_is_moved()
    {
        Interrupt(Request, after: 7);
        long there = Directory.GetFiles(_workspace["copy"], "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
        long all = Directory.GetFiles(_workspace["source"], "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);

        Assert.Equal(all - there, TreeCopy.Copy(Request, TreeMonitor.None).BytesCopied);
    }

    [Fact]
    public void A_file_that_has_changed_since_is_copied_again()
    {
        Interrupt(Request, after: 7);
        string changed = Directory.GetFiles(_workspace["copy"]).Select(Path.GetFileName).First()!;
        byte[] content = Workspace.RandomBytes((int)new FileInfo(_workspace[$"source/{changed}"]).Length, seed: 77);
        File.WriteAllBytes(_workspace[$"source/{changed}"], content);

        TreeCopy.Copy(Request, TreeMonitor.None);

        Assert.Equal(content, File.ReadAllBytes(_workspace[$"copy/{changed}"]));
    }

    [Fact]
    public void A_folder_that_was_there_before_takes_the_tree_in()
    {
        Directory.CreateDirectory(_workspace["copy"]);
        Interrupt(Request, after: 7);
        Assert.Equal(["copy", "source"], _workspace.Names);

        TransferResult result = TreeCopy.Copy(Request, TreeMonitor.None);

        Assert.Equal(_workspace["copy/source"], result.Destination);
        Assert.True(result.Unchanged >= 7);
    }

    [Fact]
    public void The_mark_of_another_source_means_nothing()
    {
        Interrupt(Request, after: 7);
        Directory.CreateDirectory(_workspace["other"]);
        TreeRequest other = Request with { Copy = Request.Copy with { Source = _workspace["other"] } };

        Assert.Equal(_workspace["copy/other"], TreeCopy.Copy(other, TreeMonitor.None).Destination);
    }

    [Fact]
    public void With_verification_nothing_is_taken_for_granted()
    {
        Interrupt(Request, after: 7);

        TransferResult result = TreeCopy.Copy(Request with { Copy = Request.Copy with { Verify = true } }, TreeMonitor.None);

        Assert.Equal((0L, true), (result.Unchanged, result.Verified));
    }

    [Fact]
    public void A_failure_leaves_the_mark_for_the_next_try()
    {
        Interrupt(Request, after: 7);
        string missing = Enumerable.Range(0, Files / 2).Select(i => $"copy/{2 * i}").First(name => !File.Exists(_workspace[name]));
        Directory.CreateDirectory(_workspace[missing]);

        Assert.Equal(1, TreeCopy.Copy(Request, TreeMonitor.None).Failed);
        Assert.Equal(3, _workspace.Names.Length);

        Directory.Delete(_workspace[missing]);
        Assert.Equal(Files - 1, TreeCopy.Copy(Request, TreeMonitor.None).Unchanged);
        Assert.Equal(["copy", "source"], _workspace.Names);
    }

    [Fact]
    public void What_is_complete_is_not_replaced_and_so_needs_no_permission_for_that()
    {
        Interrupt(Request, after: 7);

        TransferResult result = TreeCopy.Copy(Request with { Copy = Request.Copy with { NoClobber = true } }, TreeMonitor.None);

        Assert.InRange(result.Unchanged, 7, Files - 1);
        Assert.Equal((Files, 0L), (result.FileCount, result.Failed));
    }

    [Fact]
    public void What_is_complete_gets_the_metadata_that_it_lacks()
    {
        Command.RequireRoot();
        Directory.CreateDirectory(_workspace["copy"]);
        Command.Check("chown", "1234", _workspace["source/2"]);
        TreeCopy.Copy(Request, TreeMonitor.None);
        Command.Check("chmod", "0600", _workspace["source/0"]);
        string inode = Stat("copy/source/0", "%i");

        TransferResult result = TreeCopy.Copy(
            Request with { Copy = Request.Copy with { Preserve = PreserveAttributes.Mode | PreserveAttributes.Timestamps | PreserveAttributes.Ownership } },
            TreeMonitor.None);

        Assert.Equal((2L, Files - 2L, 0L), (result.Updated, result.Unchanged, result.BytesCopied));
        Assert.Equal($"{inode} 600", Stat("copy/source/0", "%i %a"));
        Assert.Equal("1234", Stat("copy/source/2", "%u"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_complete_stays_where_the_file_system_chooses_modes(bool isUpdate)
    {
        Directory.CreateDirectory(_workspace["copy"]);
        TreeRequest request = Request with
        {
            Copy = Request.Copy with { Update = isUpdate ? UpdateMode.Changed : UpdateMode.Always, Resume = !isUpdate },
        };
        TreeCopy.Copy(request, TreeMonitor.None);
        Command.Check("chmod", "0755", _workspace["copy/source/0"]);
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var ignored = new AttachedFault(host, new Fault("?chmod,fchmodat", "retval=0"));

        TreeAnswer answer = host.Copy(request);

        Assert.True(ignored.Detach() > 0, "nothing was injected");
        Assert.Equal((Files, 0), (answer.Unchanged, answer.Updated));
    }

    [Fact]
    public void What_is_complete_is_known_where_the_file_system_stores_whole_seconds()
    {
        using var mount = Mount.Image("ext4", 16 << 20, "-q", "-I", "128");
        TreeRequest request = Request with { Copy = Request.Copy with { Destination = mount.Folder } };
        TreeCopy.Copy(request, TreeMonitor.None);
        string damaged = Path.Combine(mount.Folder, "source/0");
        Command.Check("sh", "-c", $"printf x | dd of='{damaged}' conv=notrunc status=none && touch -r '{_workspace["source/0"]}' '{damaged}'");

        TransferResult again = TreeCopy.Copy(request, TreeMonitor.None);

        Assert.Equal((Files - 1L, 1000L), (again.Unchanged, again.BytesCopied));
        Assert.Equal(File.ReadAllBytes(_workspace["source/0"]), File.ReadAllBytes(damaged));
    }

    [Theory]
    [InlineData("2020-02-03 04:05:07.123456789 UTC")]
    [InlineData("1970-02-03 04:05:06 UTC")]
    public void What_is_complete_stays_on_fat(string time)
    {
        using Workspace to = _fileSystems.NewFolder(FileSystem.Vfat);
        Command.Check("find", _workspace["source"], "-type", "f", "-exec", "touch", "-d", time, "{}", "+");
        Command.Check("chmod", "-R", "u=rwX,go=rX", _workspace["source"]);
        TreeRequest request = Request with { Copy = Request.Copy with { Destination = to.Folder } };
        TreeCopy.Copy(request, TreeMonitor.None);
        Assert.Equal(("644", "755"), (Stat("source/0", "%a"), Command.Check("stat", "-c", "%a", to["source/0"])));

        TransferResult again = TreeCopy.Copy(request, TreeMonitor.None);

        Assert.Equal((Files, 0L, 0L), (again.Unchanged, again.Updated, again.BytesCopied));
    }

    [Theory]
    [InlineData("copy", true)]
    [InlineData("", false)]
    public void The_mark_of_a_file_system_that_chooses_owners_is_known_by_the_folder(string owned, bool continues)
    {
        Command.RequireRoot();
        long done = Interrupt(Request, after: 7);
        string mark = Assert.Single(_workspace.Names, name => name.EndsWith(".splice-partial", StringComparison.Ordinal));
        Command.Check("chown", "1234", _workspace[mark], _workspace[owned.Length > 0 ? owned : mark]);

        TransferResult result = TreeCopy.Copy(Request, TreeMonitor.None);

        Assert.Equal(continues ? (done, _workspace["copy"]) : (0L, _workspace["copy/source"]), (result.Unchanged, result.Destination));
    }

    [Fact]
    public void What_is_complete_is_not_replaced_by_another_source_of_the_command()
    {
        Directory.CreateDirectory(_workspace["other/source"]);
        _workspace.WriteRandom("other/source/0", 500, seed: 5);
        Directory.CreateDirectory(_workspace["copy"]);
        CopyRequest request = Request.Copy with { CreatedFiles = new CreatedFiles() };
        TreeCopy.Copy(Request, TreeMonitor.None);

        Assert.Equal(Files, TreeCopy.Copy(Request with { Copy = request }, TreeMonitor.None).Unchanged);
        var errors = new List<TransferException>();
        TreeRequest second = Request with { Copy = request with { Source = _workspace["other/source"] } };
        Assert.Equal(1, TreeCopy.Copy(second, new TreeMonitor(Failed: errors.Add)).Failed);

        Assert.Equal(TransferErrorId.DestinationExists, Assert.Single(errors).Id);
        Assert.Equal(File.ReadAllBytes(_workspace["source/0"]), File.ReadAllBytes(_workspace["copy/source/0"]));
    }

    [Fact]
    public void A_tree_is_on_the_disk_when_its_result_is()
    {
        long flushes = Flushes(flush: true) - Flushes(flush: false);

        // Each file, and each of the two folders. The folder that has the copy's name comes after the sums.
        Assert.Equal(Files + 2, flushes);
    }

    [Fact]
    public void What_an_earlier_copy_has_left_in_memory_is_on_the_disk_too()
    {
        TreeCopy.Copy(Request, TreeMonitor.None);
        Directory.CreateDirectory(_workspace["flushed"]);
        Directory.Move(_workspace["copy"], _workspace["flushed/source"]);
        TreeRequest again = Request with { Copy = Request.Copy with { Destination = _workspace["flushed"] } };

        TransferResult result = TreeCopy.Copy(again with { Copy = again.Copy with { Flush = true } }, TreeMonitor.None);
        long without = TreeCopy.Copy(again, TreeMonitor.None).SystemCalls;

        Assert.Equal((Files, true), (result.Unchanged, result.Flushed));

        // Each file is opened and flushed, and each of the two folders flushed.
        Assert.Equal((2 * Files) + 2, result.SystemCalls - without);
    }

    public void Dispose() => _workspace.Dispose();

    private string Stat(string name, string format) => Command.Check("stat", "-c", format, _workspace[name]);

    private long Flushes(bool flush)
    {
        TreeRequest request = Request with
        {
            Copy = Request.Copy with { Destination = _workspace[$"flushed-{flush}"], Resume = false, Flush = flush },
        };
        TransferResult result = TreeCopy.Copy(request, TreeMonitor.None);
        Assert.Equal(flush, result.Flushed);
        return result.SystemCalls;
    }

    /// <summary>Stops a copy after some of its files.</summary>
    /// <returns>The files that are there.</returns>
    private static long Interrupt(TreeRequest request, int after)
    {
        using var stop = new CancellationTokenSource();
        int copied = 0;
        var monitor = new TreeMonitor(
            FileCopied: _ =>
            {
                if (++copied == after)
                {
                    stop.Cancel();
                }
            },
            Cancellation: stop.Token);

        // Slow enough not to be done before it is stopped.
        TreeRequest slow = request with { Copy = request.Copy with { RateLimit = new RateLimiter(20_000) } };
        TransferException stopped = Assert.Throws<TransferException>(() => TreeCopy.Copy(slow, monitor));
        Assert.Equal(TransferErrorId.Cancelled, stopped.Id);
        return stopped.PartialTransfer().FileCount;
    }
}
