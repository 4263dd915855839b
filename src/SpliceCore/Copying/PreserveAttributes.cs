namespace Splice;

/// <summary>What a copy keeps of its source besides the bytes.</summary>
[Flags]
public enum PreserveAttributes
{
    /// <summary>Nothing: a new file gets the source's permission bits as far as the umask allows, and the present time.</summary>
    None = 0,

    /// <summary>The permission bits; set-user-ID and set-group-ID only together with <see cref="Ownership"/>.</summary>
    Mode = 1,

    /// <summary>The times of the last access and the last modification, to the nanosecond.</summary>
    Timestamps = 2,

    /// <summary>User and group. Others than one's own take root's privilege.</summary>
    Ownership = 4,

    /// <summary>The extended attributes (xattr(7)), file capabilities included.</summary>
    Xattr = 8,

    /// <summary>The POSIX access control lists (acl(5)), a folder's default list included.</summary>
    Acl = 16,

    /// <summary>Names of one file become names of one file again, within a tree.</summary>
    HardLink = 32,

    /// <summary>All of these, and special files (FIFOs, sockets, devices) are made anew.</summary>
    All = Mode | Timestamps | Ownership | Xattr | Acl | HardLink,
}
