using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>The filter of a transfer with hosts selects what it selects in a copy here.</summary>
public sealed class HostSelectionTests(SshServer server) : UpdateTests(server)
{
    private static readonly string[] Files =
    [
        "keep.txt", "skip.log", "sub/a.css", "sub/b.js", "sub/node_modules/x/y.js", "sub/node_modules/z.css", "only/z.log", "deep/er/q.css",
        "deep/er/q.js", "odd\nname.log", "Sub/A.CSS",
    ];

    private static readonly (string[] Exclude, string[] Include)[] Filters =
    [
        (["*.log", "node_modules/"], []),
        (["/sub/*.js", "x", "!b.js"], []),
        ([], ["*.css"]),
        (["deep/**"], ["*.css", "!a.css"]),
        ([], ["sub/", "empty/"]),
        (["sub"], ["*.js"]),
    ];

    [Theory]
    [MemberData(nameof(Ways))]
    public void The_items_are_those_of_a_copy(bool isSent, string shell)
    {
        MakeSource();
        for (int i = 0; i < Filters.Length; i++)
        {
            string local = Directory.CreateDirectory(Folder[$"local{i}"]).FullName;
            TreeCopy.Copy(
                new TreeRequest { Copy = new CopyRequest { Source = Folder["source"], Destination = local }, Filter = FilterOf(i) }, TreeMonitor.None);
            foreach (UpdateMode update in new[] { UpdateMode.Always, UpdateMode.Changed })
            {
                string target = Directory.CreateDirectory(Folder[$"{update}{i}"]).FullName;
                RemoteRequest request = Request(isSent, shell) with { Destination = target, Update = update, Filter = FilterOf(i), Verify = true };

                RemoteTransferResult result = Remotes.Result(Run(request));

                Assert.Equal(Entries(local), Entries(target));
                Assert.Equal(Entries(local).Count(entry => !entry.EndsWith('/')), result.FileCount);
                Assert.Equal(Entries(local).Count(entry => entry.EndsWith('/')), result.DirectoryCount);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void What_is_not_selected_stays_as_it_is(bool isSent, string shell)
    {
        MakeSource();
        Write("target/source/skip.log", "theirs");
        Write("target/source/sub/node_modules/z.css", "theirs");
        foreach (UpdateMode update in new[] { UpdateMode.Always, UpdateMode.Changed })
        {
            RemoteTransferResult result = Remotes.Result(Run(Request(isSent, shell) with { Update = update, Filter = FilterOf(0) }));
            Assert.Equal((6, update == UpdateMode.Always ? 0 : 6), (result.FileCount, result.Unchanged));
            Assert.Equal("theirs", File.ReadAllText(Folder["target/source/skip.log"]));
            Assert.Equal("theirs", File.ReadAllText(Folder["target/source/sub/node_modules/z.css"]));
            Assert.Equal("sub/b.js", File.ReadAllText(Folder["target/source/sub/b.js"]));
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_folder_whose_name_is_included_is_transferred_with_all_that_is_in_it(bool isSent, string shell)
    {
        MakeSource();
        foreach (UpdateMode update in new[] { UpdateMode.Always, UpdateMode.Changed })
        {
            Remotes.Result(Run(Request(isSent, shell) with
            {
                Destination = Directory.CreateDirectory(Folder[$"{update}"]).FullName,
                Update = update,
                Filter = new PathFilter(["*.log"], ["source"]),
                IncludesAll = name => name == "source",
            }));
            Assert.Equal(Entries(Folder["source"]).Where(entry => !entry.EndsWith(".log", StringComparison.Ordinal)), Entries(Folder[$"{update}/source"]));
        }
    }

    [Fact]
    public void Paths_on_a_host_that_are_not_wanted_are_skipped()
    {
        MakeSource();
        ReceiveRequest request = ReceiveFrom(Server.Host()) with
        {
            Source = Folder["source/*"],
            ExpandsWildcards = true,
            Update = UpdateMode.Always,
            IsWanted = (name, isFolder) => isFolder ? name != "sub" : name.EndsWith(".txt", StringComparison.Ordinal),
        };

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Receive(request);

        Assert.All(outcomes, outcome => Assert.Null(outcome.Error));
        Assert.Equal(["Sub", "deep", "empty", "keep.txt", "only"],
            Directory.EnumerateFileSystemEntries(Folder["target"]).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    private static PathFilter FilterOf(int index) => new(Filters[index].Exclude, Filters[index].Include);

    private static List<string> Entries(string folder) =>
    [
        .. Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path) + (Directory.Exists(path) ? "/" : string.Empty)).Order(StringComparer.Ordinal),
    ];

    private void MakeSource()
    {
        foreach (string file in Files)
        {
            Write($"source/{file}", file);
        }

        Directory.CreateDirectory(Folder["source/empty"]);
    }
}
