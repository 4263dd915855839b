using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;

namespace Splice.Copying;

/// <summary>Whether the disk has what the source has.</summary>
internal static class Verification
{
    /// <summary>Reads a range of both sides again, the copy from its disk.</summary>
    /// <param name="source">The source.</param>
    /// <param name="sourceOffset">The range's start in it.</param>
    /// <param name="copy">The copy, open for reading. Its bytes have been flushed.</param>
    /// <param name="offset">The range's start in it.</param>
    /// <param name="count">The range's length in bytes.</param>
    /// <param name="place">Where the copy is, or will be.</param>
    /// <param name="isInPlace">Whether the copy is the user's file already.</param>
    /// <param name="isAppended">Whether it is cut back where it differs.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="TransferException">They differ, or one of them cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static void Check(
        Descriptor source, long sourceOffset, SafeFileHandle copy, long offset, long count, Place place, bool isInPlace, bool isAppended,
        CancellationToken cancellation)
    {
        using var comparison = new Comparison(source, copy, place.Path, cancellation);
        comparison.ReadFromDisk(offset, count);
        long same = comparison.Run(sourceOffset, offset, count);
        if (same < count)
        {
            throw Failures.Different(source.Name, sourceOffset + same, place.Path, offset + same, isInPlace, isAppended);
        }
    }
}
