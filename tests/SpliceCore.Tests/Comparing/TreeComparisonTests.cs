using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.Comparing;

public sealed class TreeComparisonTests(MountedFileSystems fileSystems)
{
    public static TheoryData<FileSystem> Disks => [FileSystem.Tmpfs, FileSystem.Ext4, FileSystem.Xfs, FileSystem.Btrfs];

    [Fact]
    public void Each_entry_that_differs_is_reported_in_the_order_of_the_paths()
    {
        using var folder = new Workspace();
        foreach (string side in new[] { "one", "other" })
        {
            Directory.CreateDirectory(folder[$"{side}/same"]);
            folder.WriteRandom($"{side}/same/file", 1000);
            folder.WriteRandom($"{side}/changed", 1000, seed: side.Length);
            folder.WriteRandom($"{side}/size", side.Length);
            File.CreateSymbolicLink(folder[$"{side}/link"], side);
            File.CreateSymbolicLink(folder[$"{side}/dangling"], "nowhere");
        }

        Directory.CreateDirectory(folder["one/alone/inner"]);
        folder.WriteRandom("one/alone/inner/file", 5);
        folder.WriteRandom("other/same/more", 5);
        Directory.CreateDirectory(folder["one/type"]);
        folder.WriteRandom("one/type/inside", 5);
        folder.WriteRandom("other/type", 5);
        Posix.MakeFifo(folder["one/fifo"]);
        Posix.MakeFifo(folder["other/fifo"]);

        Assert.Equal(
            [
                "<= alone", "<= alone/inner", "<= alone/inner/file", "<> changed Content", "<> link Content", "=> same/more",
                "<> size Content", "<> type Type", "<= type/inside",
            ],
            Comparisons.OfTrees(folder["one"], folder["other"]));
        Assert.Equal(
            ["<= alone", "<= alone/inner", "<= alone/inner/file", "=> same/more", "<> type Type", "<= type/inside"],
            Comparisons.OfTrees(folder["one"], folder["other"], ComparedProperties.Type));
        Assert.Equal(
            ["== .", "== fifo", "== same", "== same/file"],
            Comparisons.OfTrees(folder["one"], folder["other"], includeEqual: true).Where(line => line.StartsWith("== ", StringComparison.Ordinal) && !line.Contains("dang", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_result_has_the_values_of_both_sides()
    {
        using var folder = new Workspace();
        Directory.CreateDirectory(folder["one"]);
        Directory.CreateDirectory(folder["other"]);
        folder.WriteRandom("one/file", 10);
        folder.WriteRandom("other/file", 12);
        folder.WriteRandom("other/new", 7);
        File.CreateSymbolicLink(folder["one/link"], "a");
        File.CreateSymbolicLink(folder["other/link"], "b");
        List<ComparisonResult> results = [];

        ItemComparison.Compare(
            new ComparisonRequest { ReferencePath = folder["one"], DifferencePath = folder["other"], Recurse = true }, new ComparisonMonitor(results.Add));

        Assert.Equal(["Content: 10 bytes, 12 bytes", "Content: a, b", "only in the second folder"], results.Select(result => result.Reason));
        Assert.Equal((10L, 12L, null), (results[0].ReferenceLength, results[0].DifferenceLength, results[0].FirstDifference));
        Assert.Equal((folder["one/file"], folder["other/file"]), (results[0].ReferencePath, results[0].DifferencePath));
        Assert.Equal((null, folder["other/new"], null, 7L), (results[2].ReferencePath, results[2].DifferencePath, results[2].ReferenceLength, results[2].DifferenceLength));
        Assert.Equal(("SymbolicLink", null, "File"), (results[1].ReferenceType, results[2].ReferenceType, results[2].DifferenceType));
    }

    [Fact]
    public void Targets_and_names_of_attributes_are_compared_as_bytes()
    {
        var latin = ByteString.Of([0xE9]);
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        foreach ((string side, ByteString accent, ByteString escape) in new[] { ("one", latin, latin), ("other", "é", "\\xE9") })
        {
            Directory.CreateDirectory(folder[side]);
            folder.Write($"{side}/file", [1]);
            using SafeFileHandle handle = EntryCalls.OpenFolder(folder[side]);
            EntryCalls.SetAttribute(handle, "file", (ByteString)"user." + accent, [1]);
            EntryCalls.MakeSymbolicLink(handle, "link", accent);
            EntryCalls.MakeSymbolicLink(handle, "link2", escape);
        }

        List<string?> reasons = [];
        var request = new ComparisonRequest
        {
            ReferencePath = folder["one"],
            DifferencePath = folder["other"],
            Recurse = true,
            Properties = ComparedProperties.Content | ComparedProperties.Xattr,
        };
        ItemComparison.Compare(request, new ComparisonMonitor(result => reasons.Add(result.Reason)));

        Assert.Equal(
            ["Xattr: user.\\xE9=0x01, none; Xattr: none, user.é=0x01", "Content: \\xE9, é", "Content: 0xE9, 0x5C784539"], reasons);
    }

    [Fact]
    public void Devices_are_compared_by_their_numbers_and_never_read()
    {
        Command.RequireRoot();
        using var folder = new Workspace();
        foreach ((string side, uint minor) in new[] { ("one", 3u), ("other", 5u) })
        {
            Directory.CreateDirectory(folder[side]);
            using SafeFileHandle handle = EntryCalls.OpenFolder(folder[side]);
            EntryCalls.MakeNode(handle, "same", FileTypes.CharacterDevice | 0x180, 1, 5);
            EntryCalls.MakeNode(handle, "number", FileTypes.CharacterDevice | 0x180, 1, minor);
        }

        Assert.Equal(["<> number Content"], Comparisons.OfTrees(folder["one"], folder["other"]));
    }

    [Fact]
    public void Hard_links_are_compared_by_the_names_of_each_file()
    {
        using var folder = new Workspace();
        foreach (string side in new[] { "one", "other" })
        {
            Directory.CreateDirectory(folder[$"{side}/sub"]);
            folder.WriteRandom($"{side}/a", 10);
            Posix.HardLink(folder, $"{side}/a", $"{side}/sub/b");
            folder.WriteRandom($"{side}/c", 10);
        }

        Posix.HardLink(folder, "one/a", "one/d");
        folder.WriteRandom("other/d", 10);
        Posix.HardLink(folder, "other/c", "outside");

        Assert.Equal(["<> d HardLink"], Comparisons.OfTrees(folder["one"], folder["other"], ComparedProperties.Content | ComparedProperties.HardLink));
        Assert.Empty(Comparisons.OfTrees(folder["one"], folder["other"]));
    }

    [Fact]
    public void Hard_links_of_names_that_are_not_text_are_compared()
    {
        var (first, second, third) = (ByteString.Of([0xE8]), ByteString.Of([0xE9]), ByteString.Of([0xEA]));
        using var folder = new Workspace();
        foreach ((string side, ByteString linked) in new[] { ("one", first), ("other", second) })
        {
            Directory.CreateDirectory(folder[side]);
            using SafeFileHandle handle = EntryCalls.OpenFolder(folder[side]);
            EntryCalls.MakeNode(handle, first, FileTypes.Regular | 0x180);
            EntryCalls.MakeNode(handle, second, FileTypes.Regular | 0x180);
            EntryCalls.MakeHardLink(handle, linked, handle, third);
        }

        Assert.Equal(["<> \uFFFD HardLink"], Comparisons.OfTrees(folder["one"], folder["other"], ComparedProperties.HardLink));
    }

    [Fact]
    public void Quiet_stops_at_the_first_difference()
    {
        using var folder = Workspace.InMemory();
        for (int i = 0; i < 5000; i++)
        {
            Directory.CreateDirectory(folder[$"one/{i % 10}"]);
            Directory.CreateDirectory(folder[$"other/{i % 10}"]);
            folder.Write(string.Create(CultureInfo.InvariantCulture, $"one/{i % 10}/{i}"), [1]);
            folder.Write(string.Create(CultureInfo.InvariantCulture, $"other/{i % 10}/{i}"), [1]);
        }

        var request = new ComparisonRequest { ReferencePath = folder["one"], DifferencePath = folder["other"], Recurse = true, StopAtDifference = true };
        Assert.True(ItemComparison.Compare(request, new ComparisonMonitor()).Equal);
        folder.Write("other/0/0", [2]);
        foreach (int threads in new[] { 1, 4 })
        {
            ComparisonSummary summary = ItemComparison.Compare(request with { ThrottleLimit = threads }, new ComparisonMonitor());
            Assert.False(summary.Equal);
            Assert.InRange(summary.Compared, 1, 2000);
        }
    }

    [Fact]
    public void Quiet_stops_at_a_file_with_several_names()
    {
        using var folder = Workspace.InMemory();
        foreach (string side in new[] { "one", "other" })
        {
            Directory.CreateDirectory(folder[side]);
            folder.WriteRandom($"{side}/x", 1_000_000);
            folder.WriteRandom($"{side}/y", 1_000_000);
        }

        Posix.HardLink(folder, "one/x", "outside");
        Files.ChangeKeepingTime(folder["other/x"], 990_000);
        List<string> found = [];

        // The first byte that differs is read long after the folders, and long before the end of the other file.
        ComparisonSummary summary = ItemComparison.Compare(
            new ComparisonRequest
            {
                ReferencePath = folder["one"],
                DifferencePath = folder["other"],
                Recurse = true,
                StopAtDifference = true,
                Properties = ComparedProperties.Content | ComparedProperties.HardLink,
                ThrottleLimit = 1,
                RateLimit = new RateLimiter(4_000_000),
            },
            new ComparisonMonitor(result => found.Add($"{result.Path} {string.Join(',', result.Property)}")));

        Assert.Equal((1, 0), (summary.Differences, summary.Failed));
        Assert.Equal(["x Content"], found);
    }

    [Fact]
    public void Very_deep_trees_are_compared()
    {
        using var folder = Workspace.InMemory();
        DeepTree.Make(folder["one"], levels: 2200);
        DeepTree.Make(folder["other"], levels: 2200);
        Assert.Empty(Comparisons.OfTrees(folder["one"], folder["other"], ComparedProperties.Content | ComparedProperties.Mode));

        File.AppendAllText(folder["other/d/d/d/file"], "new");
        File.AppendAllText(folder["other/file"], "new");

        Assert.Equal(["=> d/d/d/file", "<> file Content"], Comparisons.OfTrees(folder["one"], folder["other"]));
    }

    [Fact]
    public void A_folder_that_leads_back_to_itself_is_an_error_and_ends()
    {
        using var folder = new Workspace();
        Directory.CreateDirectory(folder["one/sub/loop"]);
        Directory.CreateDirectory(folder["other/sub/loop"]);
        Command.RequireRoot();
        Assert.SkipUnless(Command.Run("mount", "--bind", folder["one/sub"], folder["one/sub/loop"]).ExitCode == 0, "no bind mounts here");
        try
        {
            List<TransferException> errors = [];
            Comparisons.OfTrees(folder["one"], folder["other"], errors: errors);
            Assert.Equal((TransferErrorId.FolderChanged, folder["one/sub/loop"]), (errors.Single().Id, errors.Single().Target));
        }
        finally
        {
            Command.Run("umount", folder["one/sub/loop"]);
        }
    }

    [Fact]
    public void What_cannot_be_read_is_an_error_and_not_equal_and_the_rest_is_compared()
    {
        Command.RequireRoot();
        Command.Require("setpriv");
        using var folder = new Workspace();
        foreach (string side in new[] { "one", "other" })
        {
            Directory.CreateDirectory(folder[$"{side}/closed"]);
            folder.WriteRandom($"{side}/closed/{side}", 5);
            folder.WriteRandom($"{side}/secret", 5);
            folder.WriteRandom($"{side}/z", side.Length);
        }

        Command.Check("chmod", "-R", "a+rX", folder.Folder);
        Command.Check("chmod", "0", folder["other/secret"], folder["one/closed"]);
        using TreeHostProcess user = TreeHostProcess.Shared(TestHost.PlainUser);

        ComparisonAnswer answer = user.Compare(new ComparisonRequest { ReferencePath = folder["one"], DifferencePath = folder["other"], Recurse = true });

        Assert.False(answer.IsEqual);
        Assert.Equal(["<> z"], answer.Differences);
        Assert.Equal(
            [("PermissionDenied", folder["one/closed"]), ("PermissionDenied", folder["other/secret"])],
            answer.Errors.Select(error => (error.Id, error.Target)));
    }

    [Theory]
    [MemberData(nameof(Disks))]
    public void Random_trees_differ_in_what_two_listings_differ(FileSystem type)
    {
        Command.RequireRoot();
        Command.Require("cp");
        using Workspace folder = fileSystems.NewFolder(type);
        int found = 0;
        for (int seed = 0; seed < FullRun.Count(everyday: 4, full: 60); seed++)
        {
            (string one, string other) = (folder[$"one{seed}"], folder[$"other{seed}"]);
            RandomTree.Make(one, seed);
            if (seed % 4 == 3)
            {
                RandomTree.Make(other, seed + 1000);
            }
            else
            {
                Command.Check("rsync", "-aHAXS", one + "/", other + "/");
                Change(other, new Random(seed));
            }

            string[] expected = Expected(one, other);
            string[] actual = [.. Comparisons.OfTrees(one, other, ComparedProperties.All)
                .Select(line => line.Split(' ', 2)).Select(parts => $"{parts[0]} {parts[1]}")];

            found += expected.Length;
            Assert.True(
                expected.SequenceEqual(actual.Order(StringComparer.Ordinal)),
                $"seed {seed}\nmissing {string.Join("\n  ", expected.Except(actual))}\nnot expected {string.Join("\n  ", actual.Except(expected))}");
            Assert.Empty(Comparisons.OfTrees(one, one, ComparedProperties.All));
            Command.Check("rm", "-rf", one, other);
        }

        Assert.True(found > 10);
    }

    [Fact]
    public void Random_trees_differ_where_diff_says()
    {
        Command.Require("diff", "cp");
        using var folder = new Workspace();
        for (int seed = 0; seed < FullRun.Count(everyday: 5, full: 100); seed++)
        {
            RandomTree.Make(folder["one"], seed, TreeKinds.None);
            Command.Check("cp", "-a", folder["one"], folder["other"]);
            if (seed > 0)
            {
                Change(folder["other"], new Random(seed));
            }

            Command.Output diff = Command.Run("diff", "-r", "--brief", "--no-dereference", folder["one"], folder["other"]);

            Assert.Equal(diff.ExitCode == 0, Comparisons.OfTrees(folder["one"], folder["other"]).Count == 0);
            Command.Check("rm", "-rf", folder["one"], folder["other"]);
        }
    }

    /// <summary>The sides and the paths of all differences, by two listings.</summary>
    private static string[] Expected(string reference, string difference)
    {
        const TreeAspects Aspects = TreeAspects.Copied & ~TreeAspects.Allocation & ~TreeAspects.HardLinks;
        IReadOnlyDictionary<ByteString, TreeEntry> one = TreeListing.Of(reference).Entries;
        IReadOnlyDictionary<ByteString, TreeEntry> other = TreeListing.Of(difference).Entries;
        List<string> lines = [];
        foreach (ByteString path in one.Keys.Union(other.Keys))
        {
            string name = Encoding.UTF8.GetString(path.Bytes);
            if (!other.TryGetValue(path, out TreeEntry? right))
            {
                lines.Add($"<= {name}");
            }
            else if (!one.TryGetValue(path, out TreeEntry? left))
            {
                lines.Add($"=> {name}");
            }
            else
            {
                string[] properties = [.. EntryComparison.Differences(left, right, Aspects)
                    .Select(line => PropertyOf(line.Split(':')[0], left.Type == FileTypes.Regular)).SelectMany(property => property)
                    .Concat(HasOtherLinks(path, one, other) ? ["HardLink"] : []).Distinct().OrderBy(property => Array.IndexOf(Order, property))];
                if (properties.Length > 0)
                {
                    lines.Add($"<> {name} {string.Join(',', properties)}");
                }
            }
        }

        return [.. lines.Order(StringComparer.Ordinal)];
    }

    private static readonly string[] Order = ["Type", "Size", "Content", "Mode", "Ownership", "Timestamps", "Xattr", "Acl", "HardLink"];

    private static string[] PropertyOf(string what, bool isFile) => what switch
    {
        "type" => ["Type"],
        "size" => isFile ? ["Size", "Content"] : ["Content"],
        "content" or "target" or "device" => ["Content"],
        "mode" => ["Mode"],
        "owner" => ["Ownership"],
        "modified" => ["Timestamps"],
        _ when what.Contains("SGI_ACL", StringComparison.Ordinal) => [], // the list once more, on XFS
        _ => what.Contains("posix_acl", StringComparison.Ordinal) ? ["Acl"] : ["Xattr"],
    };

    /// <summary>The first of the names that are in both trees is another one.</summary>
    private static bool HasOtherLinks(ByteString path, IReadOnlyDictionary<ByteString, TreeEntry> one, IReadOnlyDictionary<ByteString, TreeEntry> other)
    {
        return one[path].Type == other[path].Type && one[path].Type != FileTypes.Folder && First(one) != First(other);

        ByteString First(IReadOnlyDictionary<ByteString, TreeEntry> tree) => tree[path].Links
            .Where(name => one.ContainsKey(name) && other.ContainsKey(name) && one[name].Type == other[name].Type)
            .OrderBy(name => name, Comparer<ByteString>.Create((x, y) => Compare([.. x.Parts], [.. y.Parts]))).FirstOrDefault(path);

        static int Compare(ByteString[] x, ByteString[] y)
        {
            int common = 0;
            while (common < x.Length - 1 && common < y.Length - 1 && x[common] == y[common])
            {
                common++;
            }

            return x[common].CompareTo(y[common]);
        }
    }

    /// <summary>A few changes of any kind.</summary>
    private static void Change(string root, Random random)
    {
        // Through no link, which may lead anywhere.
        string[] files = [.. Command.Check("find", root, "-type", "f", "-print0").Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Where(file => !file.Contains('\uFFFD', StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        for (int i = 0; i < 6 && files.Length > 0; i++)
        {
            string file = files[random.Next(files.Length)];
            if (Command.Run("test", "-f", file, "-a", "!", "-L", file).ExitCode != 0)
            {
                continue;
            }

            switch (random.Next(7))
            {
                case 0:
                    File.AppendAllText(file, "more");
                    break;
                case 1:
                    Files.ChangeKeepingTime(file, 0);
                    break;
                case 2:
                    Command.Check("chmod", "0741", file);
                    break;
                case 3:
                    File.Delete(file);
                    break;
                case 4:
                    Command.Check("touch", "-d", "@1234567890.123456789", file);
                    break;
                case 5:
                    File.Delete(file);
                    Directory.CreateDirectory(Path.Combine(root, $"new-{random.Next()}"));
                    Directory.CreateDirectory(file);
                    break;
                default:
                    File.Delete(file);
                    File.WriteAllText(file, "another file");
                    break;
            }
        }
    }
}
