using System.Diagnostics;

namespace Splice.Tests;

/// <summary>A folder of the test's own that goes with it.</summary>
public sealed class Workspace : IDisposable
{
    /// <param name="root">Where to make it; null for the system's folder for temporary files.</param>
    public Workspace(string? root = null)
    {
        Folder = Path.Combine(root ?? Path.GetTempPath(), $"splice-test-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Folder);
    }

    /// <summary>One on tmpfs, where -Method Auto tries what copies inside the kernel first.</summary>
    public static Workspace InMemory() => new(Directory.Exists("/dev/shm") ? "/dev/shm" : null);

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
        byte[] content = new byte[size];
        new Random(seed).NextBytes(content);
        return content;
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
            remove.WaitForExit();
        }
    }
}
