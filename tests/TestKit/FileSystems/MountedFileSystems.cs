using Xunit;
using Xunit.Sdk;

[assembly: AssemblyFixture(typeof(MountedFileSystems))]

namespace Splice.TestKit.FileSystems;

/// <summary>All file systems of the tests, made on demand and shared by all classes.</summary>
public sealed class MountedFileSystems : IDisposable
{
    private const long MiB = 1 << 20;

    private readonly object _lock = new();
    private readonly Dictionary<FileSystem, (Mount? Mount, SkipException? Skip)> _mounts = [];
    private readonly List<Mount> _order = [];

    /// <summary>A new folder on a file system; skips the test where there is no such one.</summary>
    public Workspace NewFolder(FileSystem type) => new(Get(type).Folder);

    public void Dispose()
    {
        // The overlay before what it lies on.
        foreach (Mount mount in Enumerable.Reverse(_order))
        {
            mount.Dispose();
        }
    }

    private Mount Get(FileSystem type)
    {
        lock (_lock)
        {
            if (!_mounts.TryGetValue(type, out (Mount? Mount, SkipException? Skip) known))
            {
                known = TryMake(type);
                _mounts.Add(type, known);
            }

            return known.Mount ?? throw known.Skip!;
        }
    }

    private (Mount? Mount, SkipException? Skip) TryMake(FileSystem type)
    {
        try
        {
            Mount mount = Make(type);
            _order.Add(mount);
            return (mount, null);
        }
        catch (SkipException exception)
        {
            return (null, exception);
        }
    }

    private Mount Make(FileSystem type) => type switch
    {
        FileSystem.Xfs => Mount.Image("xfs", 4096 * MiB, "-q", "-m", "reflink=1"),
        FileSystem.XfsWithoutReflink => Mount.Image("xfs", 512 * MiB, "-q", "-m", "reflink=0"),
        FileSystem.Btrfs => Mount.Image("btrfs", 4096 * MiB, "-q"),
        FileSystem.Ext4 => Mount.Image("ext4", 1024 * MiB, "-q", "-N", "262144", "-E", "lazy_itable_init=1"),
        FileSystem.Vfat => Mount.Image("vfat", 256 * MiB),
        FileSystem.Tmpfs => Mount.Memory("tmpfs", "size=1g"),
        FileSystem.Ramfs => Mount.Memory("ramfs", "mode=0777"),
        FileSystem.Overlay => Mount.Overlay(Get(FileSystem.Xfs).Folder),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };
}
