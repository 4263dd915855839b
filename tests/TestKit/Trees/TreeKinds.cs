namespace Splice.TestKit.Trees;

/// <summary>What a random tree may have besides folders and regular files.</summary>
[Flags]
public enum TreeKinds
{
    None = 0,

    /// <summary>Files with holes at the start, in the middle, at the end, and everywhere.</summary>
    Holes = 1,

    /// <summary>Blocks by fallocate(2) without data.</summary>
    Preallocation = 1 << 1,

    SymbolicLinks = 1 << 2,

    /// <summary>Links whose target has up to 4000 bytes.</summary>
    LongTargets = 1 << 3,

    HardLinks = 1 << 4,
    Fifos = 1 << 5,
    Sockets = 1 << 6,

    /// <summary>Character and block devices: root's.</summary>
    Devices = 1 << 7,

    /// <summary>Names that are not UTF-8, or hold characters that shells and patterns know.</summary>
    OddNames = 1 << 8,

    /// <summary>Modes of all 12 bits.</summary>
    Modes = 1 << 9,

    /// <summary>Modes that keep everyone but root out.</summary>
    ClosedModes = 1 << 10,

    /// <summary>Other users and groups: root's.</summary>
    Owners = 1 << 11,

    /// <summary>Times to the nanosecond, from 1902 to 2445.</summary>
    Times = 1 << 12,

    /// <summary>Extended attributes that belong to users: of files and folders.</summary>
    UserAttributes = 1 << 13,

    /// <summary>trusted.* of everything: root's.</summary>
    TrustedAttributes = 1 << 14,

    /// <summary>security.*, capabilities among them: root's.</summary>
    SecurityAttributes = 1 << 15,

    /// <summary>POSIX access control lists, and default ones of folders.</summary>
    AccessLists = 1 << 16,

    All = (1 << 17) - 1,
}
