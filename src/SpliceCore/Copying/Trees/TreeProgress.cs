namespace Splice;

/// <summary>How far the copy of a tree is.</summary>
/// <param name="FilesCopied">The files that are complete.</param>
/// <param name="BytesCopied">The bytes that have arrived, those of files under way included.</param>
/// <param name="TotalFiles">The files of the tree; null until they are counted.</param>
/// <param name="TotalBytes">The bytes of the tree; null until they are counted.</param>
/// <param name="Elapsed">The time since the copy began.</param>
public readonly record struct TreeProgress(
    long FilesCopied, long BytesCopied, long? TotalFiles, long? TotalBytes, TimeSpan Elapsed);
