using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Xunit;

namespace Splice.TestKit.FileSystems;

/// <summary>Files with and without holes, and what the tests ask of them.</summary>
internal static partial class Files
{
    /// <summary>Writes a file that has data in some places and holes between them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="size">Its size.</param>
    /// <param name="data">Where data are: offset and length.</param>
    public static void WriteSparse(string path, long size, params (long Offset, int Length)[] data)
    {
        using FileStream file = File.Create(path);
        foreach ((long offset, int length) in data)
        {
            file.Position = offset;
            file.Write(Workspace.RandomBytes(length, seed: (int)(offset >> 12) + 1));
        }

        file.SetLength(size);
    }

    /// <summary>The bytes that the file has on the disk. Delayed allocation is brought to its end first.</summary>
    public static long Allocated(string path)
    {
        Command.Check("sync", path);
        string[] answer = Command.Check("stat", "--format=%b %B", path).Split(' ');
        return answer.Select(number => long.Parse(number, CultureInfo.InvariantCulture)).Aggregate((a, b) => a * b);
    }

    /// <summary>Mode, owner and times to the nanosecond, as stat(1) prints them.</summary>
    public static string Metadata(string path, string format = "%a %u:%g %y") => Command.Check("stat", $"--format={format}", path);

    public static void AssertSameBytes(string expected, string actual)
    {
        Command.Output compared = Command.Run("cmp", expected, actual);
        Assert.True(compared.ExitCode == 0, $"{compared.Text} {compared.Errors}");
    }

    /// <summary>Compares two files of one size by what is in the given places, and holes by what the kernel says.</summary>
    public static void AssertSameData(string expected, string actual, params (long Offset, int Length)[] data)
    {
        using FileStream left = File.OpenRead(expected);
        using FileStream right = File.OpenRead(actual);
        Assert.Equal(left.Length, right.Length);
        foreach ((long offset, int length) in data)
        {
            Assert.Equal(Hash(left, offset, length), Hash(right, offset, length));
        }
    }

    /// <summary>The number of extents that a file shares with others, as FIEMAP tells.</summary>
    public static int SharedExtents(string path)
    {
        Command.Require("filefrag");
        Command.Check("sync", path);
        return Command.Check("filefrag", "-v", path).Split('\n').Count(line => line.Contains("shared", StringComparison.Ordinal));
    }

    /// <summary>The bytes that two files have at the same offsets in the same blocks of the disk, as FIEMAP tells.</summary>
    public static long SharedBytes(string path, string other)
    {
        (long Start, long End, long Disk)[][] maps = [.. new[] { path, other }.Select(Extents)];
        return maps[0].SelectMany(left => maps[1].Where(right => left.Disk - left.Start == right.Disk - right.Start)
            .Select(right => Math.Max(0, Math.Min(left.End, right.End) - Math.Max(left.Start, right.Start)))).Sum();
    }

    private static (long Start, long End, long Disk)[] Extents(string path)
    {
        Command.Require("filefrag");
        Command.Check("sync", path);
        return [.. FilefragExtent().Matches(Command.Check("filefrag", "-v", "-b1024", path))
            .Select(match => match.Groups.Values.Skip(1).Select(group => long.Parse(group.Value, CultureInfo.InvariantCulture) * 1024).ToArray())
            .Select(numbers => (numbers[0], numbers[1] + 1024, numbers[2]))];
    }

    [GeneratedRegex(@"^\s*\d+:\s+(\d+)\.\.\s*(\d+):\s+(\d+)\.\.", RegexOptions.Multiline)]
    private static partial Regex FilefragExtent();

    /// <summary>Writes other bytes, and gives the file its modification time back.</summary>
    public static void ChangeKeepingTime(string path, long offset)
    {
        DateTime time = File.GetLastWriteTimeUtc(path);
        string exact = Command.Check("stat", "--format=%y", path);
        using (FileStream file = File.Open(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Position = offset;
            file.Write(Workspace.RandomBytes(10_000, seed: 99));
        }

        Command.Check("touch", "-m", "-d", exact, path);
        Assert.Equal(time, File.GetLastWriteTimeUtc(path));
    }

    public static byte[] Slice(byte[] bytes, long offset, long count) => bytes.AsSpan((int)offset, (int)count).ToArray();

    private static string Hash(FileStream file, long offset, int length)
    {
        byte[] bytes = new byte[length];
        file.Position = offset;
        file.ReadExactly(bytes);
        return Convert.ToHexString(SHA256.HashData(bytes));
    }
}
