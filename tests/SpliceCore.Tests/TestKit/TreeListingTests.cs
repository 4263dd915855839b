using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.Tests.TestKit;

/// <summary>The comparison finds each single difference, and says where and what. One is planted in a tree that is else
/// the same as the other.</summary>
public sealed class TreeListingTests : IDisposable
{
    private const int Unit = 64 * 1024;
    private const string OddName = "odd\\xff\\x0a";

    private static readonly FileTime Time = new(1_000_000_000, 123_456_789);
    private static readonly ByteString Odd = "odd" + ByteString.Of([0xFF, (byte)'\n']);

    private readonly Workspace _workspace = new();

    public static TheoryData<string, string> Planted => new()
    {
        { "mode", "file: mode: expected 0640, found 0641" },
        { "set-user-id", "file: mode: expected 0640, found 4640" },
        { "sticky bit", "folder: mode: expected 0700, found 1700" },
        { "the root's mode", ".: mode: expected 0700, found 0701" },
        { "time of a file", "file: modified: expected 1000000000.123456789, found 1000000000.123456790" },
        { "time of a folder", "folder: modified: expected 1000000000.123456789, found 1000000000.123456788" },
        { "time of a link", "link: modified: expected 1000000000.123456789, found 1000000000.123456790" },
        { "second", "fifo: modified: expected 1000000000.123456789, found 1000000001.123456789" },
        { "one byte", "file: content: expected" },
        { "one byte more", "file: size: expected 1000, found 1001" },
        { "attribute's value", "file: attribute user.text: expected 2 bytes 0102, found 2 bytes 0103" },
        { "attribute emptied", "file: attribute user.text: expected 2 bytes 0102, found 0 bytes" },
        { "attribute missing", "file: attribute user.empty: expected 0 bytes , found none" },
        { "attribute added", "folder: attribute user.new: expected none, found 1 bytes 09" },
        { "access list", "listed: attribute system.posix_acl_access: expected 44 bytes" },
        { "default access list", "folder: attribute system.posix_acl_default: expected none, found 44 bytes" },
        { "hard link broken", "first: hard links: expected first folder/second, found none" },
        { "hard link added", "odd\\xff\\x0a: hard links: expected none, found odd\\xff\\x0a twin" },
        { "target", "link: target: expected file, found fil\\xff" },
        { "entry missing", "folder/inner: missing" },
        { "entry added", "folder/new: not expected, a socket" },
        { "name", OddName + ": missing" },
        { "type", "fifo: type: expected FIFO, found regular file" },
        { "blocks", "sparse: blocks: expected at most" },
    };

    public static TheoryData<string, string> PlantedByRoot => new()
    {
        { "user", "file: owner: expected (0, 0), found (1, 0)" },
        { "group of a link", "link: owner: expected (0, 0), found (0, 4294967294)" },
        { "major number", "device: device: expected (120, 300), found (121, 300)" },
        { "minor number", "device: device: expected (120, 300), found (120, 301)" },
        { "attribute of a link", "link: attribute trusted.splice: expected none, found 1 bytes 07" },
        { "capability", "file: attribute security.splice: expected none, found 1 bytes 08" },
    };

    [Fact]
    public void Trees_that_are_the_same_have_no_differences()
    {
        Make("one");
        Make("other");

        Assert.Empty(TreeListing.Of(_workspace["one"]).DifferencesTo(TreeListing.Of(_workspace["other"])));
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public void A_single_difference_is_found(string planted, string expected) => Check(planted, expected);

    [Theory]
    [MemberData(nameof(PlantedByRoot))]
    public void A_single_difference_that_root_makes_is_found(string planted, string expected)
    {
        Command.RequireRoot();
        Check(planted, expected);
    }

    [Theory]
    [InlineData("mode", TreeAspects.Mode)]
    [InlineData("time of a file", TreeAspects.Nanoseconds)]
    [InlineData("second", TreeAspects.ModificationTime)]
    [InlineData("attribute's value", TreeAspects.Attributes)]
    [InlineData("access list", TreeAspects.AccessLists)]
    [InlineData("hard link broken", TreeAspects.HardLinks)]
    [InlineData("blocks", TreeAspects.Allocation)]
    public void A_difference_is_not_found_in_an_aspect_that_is_left_out(string planted, TreeAspects aspect)
    {
        Make("one");
        Make("other");
        Plant(planted, "other");

        var one = TreeListing.Of(_workspace["one"]);
        var other = TreeListing.Of(_workspace["other"]);

        Assert.NotEmpty(one.DifferencesTo(other));
        Assert.Empty(one.DifferencesTo(other, TreeAspects.Copied & ~aspect));
    }

    [Fact]
    public void Fewer_blocks_are_no_difference()
    {
        Make("one");
        Make("other");
        Plant("blocks", "one");

        TreeListing.Of(_workspace["one"]).AssertSame(TreeListing.Of(_workspace["other"]));
    }

    [Fact]
    public void A_listing_touches_nothing()
    {
        Make("one");
        SetTimes("one", "file", new FileTime(1, 0)); // so old that any read would be noted
        SetTimes("one", "folder", new FileTime(1, 0));

        var before = TreeListing.Of(_workspace["one"]);

        before.AssertSame(TreeListing.Of(_workspace["one"]), TreeAspects.Untouched);
    }

    [Theory]
    [InlineData("read", "file: read: expected 1.000000000, found")]
    [InlineData("change", "file: changed: expected")]
    [InlineData("replace", "file: inode: expected")]
    public void What_was_done_to_a_tree_is_found_even_when_it_was_put_back(string deed, string expected)
    {
        Make("one");
        using SafeFileHandle root = EntryCalls.OpenFolder(_workspace["one"]);
        SetTimes("one", "file", new FileTime(1, 0));
        var before = TreeListing.Of(_workspace["one"]);
        switch (deed)
        {
            case "read":
                AccessTimes.Require(_workspace.Folder);
                File.ReadAllBytes(Path.Combine(_workspace["one"], "file"));
                break;
            case "change":
                EntryCalls.ChangeMode(root, "file", 0x1A0);
                break;
            default:
                Command.Check("cp", "-a", Path.Combine(_workspace["one"], "file"), Path.Combine(_workspace["one"], "new"));
                EntryCalls.Rename(root, "new", "file");
                break;
        }

        var after = TreeListing.Of(_workspace["one"]);

        Assert.Contains(
            before.DifferencesTo(after, TreeAspects.Untouched),
            difference => difference.StartsWith(expected, StringComparison.Ordinal));
        Assert.DoesNotContain(before.DifferencesTo(after), difference => difference.StartsWith("file:", StringComparison.Ordinal));
    }

    [Fact]
    public void Attributes_are_those_that_the_systems_own_tools_set()
    {
        Command.Require("setfattr", "getfattr", "setfacl", "getfacl");
        string path = _workspace.WriteRandom("file", 10);
        Command.Check("setfattr", "-n", "user.by tool", "-v", "0x00ff0a", path);
        Command.Check("setfacl", "-m", "u:12345:rx,m::rwx", path);
        using SafeFileHandle root = EntryCalls.OpenFolder(_workspace.Folder);
        EntryCalls.SetAttribute(root, "file", "user.by call", [1, 2]);
        File.SetUnixFileMode(path, (UnixFileMode)0x1ED);
        _workspace.WriteRandom("other", 10);
        EntryCalls.SetAttribute(root, "other", AccessList.Access, AccessList.WithUser(12345, 5));

        IReadOnlyDictionary<ByteString, byte[]> attributes = TreeListing.Of(_workspace.Folder).Entries["file"].Attributes;

        Assert.Equal([0, 0xFF, 0x0A], attributes["user.by tool"]);
        Assert.Equal(3, attributes.Count);
        string dump = Command.Check("getfattr", "-d", "-e", "hex", "--absolute-names", path);
        Assert.Contains("user.by call=0x0102", dump, StringComparison.Ordinal);
        string list = Command.Check("getfacl", "-n", "--absolute-names", _workspace["other"]);
        Assert.Contains("user:12345:r-x", list, StringComparison.Ordinal);
    }

    [Fact]
    public void Twenty_differences_are_shown_and_the_rest_counted()
    {
        Directory.CreateDirectory(_workspace["one"]);
        Directory.CreateDirectory(_workspace["other"]);
        for (int i = 0; i < 25; i++)
        {
            File.WriteAllText(Path.Combine(_workspace["one"], i.ToString("d2", CultureInfo.InvariantCulture)), "text");
        }

        IReadOnlyList<string> differences = TreeListing.Of(_workspace["one"])
            .DifferencesTo(TreeListing.Of(_workspace["other"]), TreeAspects.None);

        Assert.Equal(21, differences.Count);
        Assert.Equal(["00: missing", "and 5 more"], [differences[0], differences[^1]]);
    }

    public void Dispose() => _workspace.Dispose();

    private void Check(string planted, string expected)
    {
        Make("one");
        Make("other");
        Plant(planted, "other");

        string[] differences = [.. TreeListing.Of(_workspace["one"]).DifferencesTo(TreeListing.Of(_workspace["other"]))];

        Assert.Contains(differences, difference => difference.StartsWith(expected, StringComparison.Ordinal));

        // Two names are two entries; a byte more is another content too.
        Assert.InRange(differences.Length, 1, planted is "name" or "hard link broken" or "hard link added" or "one byte more" ? 3 : 1);
    }

    private void Make(string name)
    {
        const TreeKinds Needed = TreeKinds.UserAttributes | TreeKinds.AccessLists | TreeKinds.Times;
        Assert.SkipUnless(
            HeldKinds.Of(_workspace.Folder).HasFlag(Needed), $"the folder for temporary files does not hold {Needed}");
        Directory.CreateDirectory(_workspace[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using SafeFileHandle root = EntryCalls.OpenFolder(_workspace[name]);
        EntryCalls.MakeFolder(root, "folder");
        using SafeFileHandle folder = EntryCalls.OpenFolder(root, "folder");
        EntryCalls.WriteFile(root, "file", Workspace.RandomBytes(1000));
        EntryCalls.ChangeMode(root, "file", 0x1A0);
        EntryCalls.SetAttribute(root, "file", "user.text", [1, 2]);
        EntryCalls.SetAttribute(root, "file", "user.empty", []);
        EntryCalls.WriteFile(root, "listed", default);
        EntryCalls.SetAttribute(root, "listed", AccessList.Access, AccessList.WithUser(1, 5));
        EntryCalls.WriteFile(root, Odd, "odd"u8);
        EntryCalls.WriteFile(root, "first", "linked"u8);
        EntryCalls.MakeHardLink(root, "first", folder, "second");
        EntryCalls.WriteFile(folder, "inner", default);
        EntryCalls.MakeSymbolicLink(root, "link", "file");
        EntryCalls.MakeNode(root, "fifo", FileTypes.Fifo | 0x180);
        if (Posix.IsRoot)
        {
            EntryCalls.MakeNode(root, "device", FileTypes.CharacterDevice | 0x180, 120, 300);
        }

        using (SafeFileHandle sparse = EntryCalls.OpenFile(root, "sparse"))
        {
            RandomAccess.Write(sparse, [1], 4 * Unit);
        }

        SetTimes(root);
        SetTimes(folder);
    }

    /// <summary>Makes one difference, and puts back the times that this changes.</summary>
    private void Plant(string planted, string tree)
    {
        using SafeFileHandle root = EntryCalls.OpenFolder(_workspace[tree]);
        using SafeFileHandle folder = EntryCalls.OpenFolder(root, "folder");
        FileTime later = Time with { Nanoseconds = Time.Nanoseconds + 1 };
        switch (planted)
        {
            case "time of a file":
                EntryCalls.ChangeTimes(root, "file", Time, later);
                return;
            case "time of a folder":
                EntryCalls.ChangeTimes(root, "folder", Time, Time with { Nanoseconds = Time.Nanoseconds - 1 });
                return;
            case "time of a link":
                EntryCalls.ChangeTimes(root, "link", Time, later);
                return;
            case "second":
                EntryCalls.ChangeTimes(root, "fifo", Time, Time with { Seconds = Time.Seconds + 1 });
                return;
            case "mode":
                EntryCalls.ChangeMode(root, "file", 0x1A1);
                break;
            case "set-user-id":
                EntryCalls.ChangeMode(root, "file", 0x9A0);
                break;
            case "sticky bit":
                EntryCalls.ChangeMode(root, "folder", 0x3C0);
                break;
            case "the root's mode":
                EntryCalls.ChangeMode(root, EntryCalls.Self, 0x1C1);
                break;
            case "user":
                EntryCalls.ChangeOwner(root, "file", 1, 0);
                break;
            case "group of a link":
                EntryCalls.ChangeOwner(root, "link", 0, uint.MaxValue - 1);
                break;
            case "one byte":
                byte[] content = Workspace.RandomBytes(1000);
                content[500] ^= 1;
                EntryCalls.WriteFile(root, "file", content);
                break;
            case "one byte more":
                EntryCalls.WriteFile(root, "file", [.. Workspace.RandomBytes(1000), 0]);
                break;
            case "attribute's value":
                EntryCalls.SetAttribute(root, "file", "user.text", [1, 3]);
                break;
            case "attribute emptied":
                EntryCalls.SetAttribute(root, "file", "user.text", []);
                break;
            case "attribute missing":
                EntryCalls.RemoveAttribute(root, "file", "user.empty");
                break;
            case "attribute added":
                EntryCalls.SetAttribute(root, "folder", "user.new", [9]);
                break;
            case "attribute of a link":
                EntryCalls.SetAttribute(root, "link", "trusted.splice", [7]);
                break;
            case "capability":
                EntryCalls.SetAttribute(root, "file", "security.splice", [8]);
                break;
            case "access list":
                EntryCalls.SetAttribute(root, "listed", AccessList.Access, AccessList.WithUser(1, 4));
                break;
            case "default access list":
                EntryCalls.SetAttribute(root, "folder", AccessList.Default, AccessList.WithUser(1, 4));
                break;
            case "hard link broken":
                EntryCalls.Remove(folder, "second");
                EntryCalls.WriteFile(folder, "second", "linked"u8);
                break;
            case "hard link added":
                EntryCalls.MakeHardLink(root, Odd, root, "twin");
                break;
            case "target":
                EntryCalls.Remove(root, "link");
                EntryCalls.MakeSymbolicLink(root, "link", "fil" + ByteString.Of([0xFF]));
                break;
            case "entry missing":
                EntryCalls.Remove(folder, "inner");
                break;
            case "entry added":
                EntryCalls.MakeNode(folder, "new", FileTypes.Socket | 0x180);
                break;
            case "name":
                EntryCalls.Rename(root, Odd, "odd\uFFFD\n");
                break;
            case "type":
                EntryCalls.Remove(root, "fifo");
                EntryCalls.MakeNode(root, "fifo", FileTypes.Regular | 0x180);
                break;
            case "major number":
                EntryCalls.Remove(root, "device");
                EntryCalls.MakeNode(root, "device", FileTypes.CharacterDevice | 0x180, 121, 300);
                break;
            case "minor number":
                EntryCalls.Remove(root, "device");
                EntryCalls.MakeNode(root, "device", FileTypes.CharacterDevice | 0x180, 120, 301);
                break;
            case "blocks":
                using (SafeFileHandle sparse = EntryCalls.OpenFile(root, "sparse"))
                {
                    RandomAccess.Write(sparse, new byte[Unit], 0);
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(planted), planted, null);
        }

        SetTimes(root);
        SetTimes(folder);
    }

    private void SetTimes(string tree, ByteString name, FileTime access)
    {
        using SafeFileHandle root = EntryCalls.OpenFolder(_workspace[tree]);
        EntryCalls.ChangeTimes(root, name, access, Time);
    }

    private static void SetTimes(SafeFileHandle folder)
    {
        foreach (ByteString name in EntryCalls.Names(folder).Append(EntryCalls.Self))
        {
            EntryCalls.ChangeTimes(folder, name, Time, Time);
        }
    }
}
