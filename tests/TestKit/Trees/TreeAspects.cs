namespace Splice.TestKit.Trees;

/// <summary>What two listings are compared by. Names, types, sizes, contents, links' targets and devices' numbers always
/// are.</summary>
[Flags]
public enum TreeAspects
{
    None = 0,

    /// <summary>The 12 bits of the mode.</summary>
    Mode = 1,

    /// <summary>User and group.</summary>
    Owner = 1 << 1,

    /// <summary>The time of the last modification, in seconds.</summary>
    ModificationTime = 1 << 2,

    /// <summary>The nanoseconds of the times that are compared.</summary>
    Nanoseconds = 1 << 3,

    /// <summary>Extended attributes of everything but symbolic links; the access control lists count apart.</summary>
    Attributes = 1 << 4,

    /// <summary>Extended attributes of symbolic links.</summary>
    LinkAttributes = 1 << 5,

    /// <summary>Access control lists, and default ones.</summary>
    AccessLists = 1 << 6,

    /// <summary>Which names are one file.</summary>
    HardLinks = 1 << 7,

    /// <summary>That a regular file takes no more blocks than the reference's, up to
    /// <see cref="TreeListing.AllocationSlack"/>.</summary>
    Allocation = 1 << 8,

    /// <summary>What a copy of a tree keeps.</summary>
    Copied = (1 << 9) - 1,

    /// <summary>The time of the last read. That of symbolic links is left out: a listing reads them.</summary>
    AccessTime = 1 << 9,

    /// <summary>The time of the last change of anything, and the inode's number: nothing was done to the file, and it is
    /// the same one.</summary>
    Identity = 1 << 10,

    /// <summary>All that there is to compare a tree with itself, as it was before.</summary>
    Untouched = (1 << 11) - 1,
}
