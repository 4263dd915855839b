namespace Splice;

/// <summary>The flags of splice(2), tee(2) and vmsplice(2).</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man2/splice.2.html">splice(2)</see></remarks>
[Flags]
public enum SpliceFlags
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>SPLICE_F_MOVE: move pages instead of copying them. A hint that Linux has not acted upon since 2.6.21.</summary>
    Move = 1,

    /// <summary>SPLICE_F_NONBLOCK: do not wait. What can be moved at once is moved; what a socket or pipe has given up
    /// already is delivered first.</summary>
    NonBlock = 2,

    /// <summary>SPLICE_F_MORE: more data will follow; a TCP socket may wait with a packet that is not full.</summary>
    More = 4,

    /// <summary>SPLICE_F_GIFT: only vmsplice(2) uses it; splice(2) ignores it.</summary>
    Gift = 8,
}
