using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Splice.TestKit;

/// <summary>A folder of the test's own that goes with it.</summary>
public sealed class Workspace : IDisposable
{
    /// <param name="root">Where to make it; null for the system's folder for temporary files.</param>
    public Workspace(string? root = null)
    {
        Folder = Path.Combine(root ?? Path.GetTempPath(), $"splice-test-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Folder);
    }

    /// <summary>The name of this run's folders (tests/run-folder.sh).</summary>
    public static string RunName => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetTempPath()));

    /// <summary>One on tmpfs, where -Method Auto tries what copies inside the kernel first.</summary>
    public static Workspace InMemory() => new(new[] { Path.Combine("/dev/shm", RunName), "/dev/shm" }.FirstOrDefault(Directory.Exists));

    public string Folder { get; }

    public string this[string name] => Path.Combine(Folder, name);

    /// <summary>Everything in the folder, by name.</summary>
    public string[] Names => [.. Directory.GetFileSystemEntries(Folder).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)];

    public string Write(string name, byte[] content)
    {
        File.WriteAllBytes(this[name], content);
        return this[name];
    }

    /// <summary>The same, each with its path.</summary>
    public string[] Paths => [.. Names.Select(name => this[name])];

    /// <summary>A file of random bytes, the same at every run.</summary>
    public string WriteRandom(string name, int size, int seed = 1) => Write(name, RandomBytes(size, seed));

    public static byte[] RandomBytes(int size, int seed = 1)
    {
        // SplitMix64: a Random with a seed takes ten times as long.
        ulong[] words = new ulong[(size / sizeof(ulong)) + 1];
        ulong state = unchecked((ulong)seed * 0xD1342543DE82EF95);
        for (int i = 0; i < words.Length; i++)
        {
            state = unchecked(state + 0x9E3779B97F4A7C15);
            ulong word = unchecked((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9);
            word = unchecked((word ^ (word >> 27)) * 0x94D049BB133111EB);
            words[i] = word ^ (word >> 31);
        }

        return MemoryMarshal.AsBytes(words.AsSpan())[..size].ToArray();
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // Names that are not UTF-8, and paths longer than a path may be, of which .NET says that they are empty.
            using Process remove = Process.Start("rm", ["-rf", "--", Folder]);
            if (!remove.WaitForExit(TimeSpan.FromMinutes(5)))
            {
                remove.Kill();
                throw new TimeoutException($"'{Folder}' cannot be removed.");
            }
        }
    }
}
