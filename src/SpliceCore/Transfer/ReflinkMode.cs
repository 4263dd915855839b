namespace Splice;

/// <summary>Whether a copy shares blocks on the disk with its source: reflinks, copy on write.</summary>
public enum ReflinkMode
{
    /// <summary>Where the file system can; elsewhere the bytes are moved.</summary>
    Auto = 0,

    /// <summary>The blocks are shared, or the copy is an error.</summary>
    Always,

    /// <summary>No block is shared: no call is made that could share one.</summary>
    Never,
}
