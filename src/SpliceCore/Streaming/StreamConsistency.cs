namespace Splice;

/// <summary>Whether bytes in a pipe or socket may still be those of the source's pages.</summary>
public enum StreamConsistency
{
    /// <summary>The kernel may pass references to cached pages: what is written to the source before the reader has read them
    /// can show up at the reader. The fastest.</summary>
    Reference = 0,

    /// <summary>The bytes are copied when they are moved, and nobody changes them afterwards.</summary>
    Copy,
}
