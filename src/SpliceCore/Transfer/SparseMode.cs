namespace Splice;

/// <summary>What becomes of holes and of zeros: which of them take blocks on the disk in the copy.</summary>
public enum SparseMode
{
    /// <summary>A hole stays a hole; zeros that the source has on the disk are data.</summary>
    Auto = 0,

    /// <summary>Runs of zeros become holes too: blocks of the destination, at least 4 KiB, that are zeros throughout.</summary>
    Always,

    /// <summary>The copy has all its blocks: holes are written as zeros.</summary>
    Never,
}
