using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.TestKit.Trees;

/// <summary>A tree with what is hard for tar and for shells: hostile names and targets, names that are no UTF-8 and long ones,
/// empty and large files, folders that nobody may write to, and links that lead nowhere.</summary>
internal static class SampleTree
{
    public const int Files = 16;
    public const int Folders = 6;
    public const long Bytes = 300_000 + 2_000_003 + 64 + (6 * 7);

    private const string Deep = "deep/-rf $(touch canary)\n/";

    private static readonly string[] HostileNames = ["-x", "; touch canary", "two\nlines\\n\\0101", " spaces ", "'\"`$(touch canary)`", "été\u007f\t"];

    public static void Make(string path)
    {
        Directory.CreateDirectory(Path.Combine(path, Deep));
        Directory.CreateDirectory(Path.Combine(path, "empty"));
        string last = Directory.CreateDirectory(Path.Combine(path, "closed", new string('f', 255))).FullName;
        foreach (string name in HostileNames)
        {
            Write(path, Deep + name, 7);
        }

        Write(path, "empty-file", 0);
        Write(path, "some", 300_000);
        Write(path, "large", 2_000_003);
        Write(last, new string('n', 255), 64);
        Write(path, "empty-file-too", 0);
        File.CreateSymbolicLink(Path.Combine(path, "link"), "$(touch canary)\n'nowhere");
        File.CreateSymbolicLink(Path.Combine(path, "long-link"), new string('t', 200) + "/" + new string('u', 200));
        File.CreateSymbolicLink(Path.Combine(path, "to-folder"), "deep");
        using SafeFileHandle folder = EntryCalls.OpenFolder(path);
        EntryCalls.WriteFile(folder, ByteString.Of([0xFF, (byte)'x', 0xC3]), []);
        EntryCalls.MakeSymbolicLink(folder, ByteString.Of([0xE9, (byte)'\n']), ByteString.Of([0xFE, 0xFD]));
        File.SetUnixFileMode(Path.Combine(path, "some"), UnixFileMode.UserRead | UnixFileMode.OtherExecute);
        File.SetLastWriteTimeUtc(Path.Combine(path, "some"), new DateTime(1969, 2, 3, 4, 5, 6, 789, DateTimeKind.Utc));
        File.SetLastWriteTimeUtc(Path.Combine(path, "empty"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        File.SetUnixFileMode(Path.Combine(path, "closed"), UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>Compares bytes, modes and times.</summary>
    /// <param name="source">The tree.</param>
    /// <param name="copy">What it has become.</param>
    /// <param name="keepsFractions">Whether times were kept with their fractions, and those of links at all.</param>
    public static void AssertSame(string source, string copy, bool keepsFractions = true)
    {
        var expected = TreeListing.Of(source, sync: false);
        var actual = TreeListing.Of(copy, sync: false);
        TreeAspects times = TreeAspects.ModificationTime | TreeAspects.Nanoseconds;
        expected.AssertSame(actual, TreeAspects.Copied & ~TreeAspects.Allocation & ~(keepsFractions ? 0 : times));
        foreach ((ByteString path, TreeEntry entry) in expected.Entries.Where(entry => entry.Value.Type != FileTypes.SymbolicLink))
        {
            Assert.Equal(entry.ModificationTime.Seconds, actual.Entries[path].ModificationTime.Seconds);
        }
    }

    private static void Write(string folder, string name, int size) =>
        File.WriteAllBytes(Path.Combine(folder, name), Workspace.RandomBytes(size, name.Length));
}
