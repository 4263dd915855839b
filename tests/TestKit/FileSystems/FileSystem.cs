namespace Splice.TestKit.FileSystems;

/// <summary>The file systems that the tests know. Each is made once, when the first test asks for it.</summary>
public enum FileSystem
{
    /// <summary>Reflinks, holes.</summary>
    Xfs,

    /// <summary>XFS as it was made before reflinks.</summary>
    XfsWithoutReflink,

    /// <summary>Reflinks, holes, checksums.</summary>
    Btrfs,

    /// <summary>Holes, no reflinks.</summary>
    Ext4,

    /// <summary>No holes, no hard links, no unnamed files, no permissions.</summary>
    Vfat,

    /// <summary>Holes, in memory.</summary>
    Tmpfs,

    /// <summary>In memory, without holes: nothing can be punched, and nothing is told of them.</summary>
    Ramfs,

    /// <summary>An overlay on XFS.</summary>
    Overlay,
}
