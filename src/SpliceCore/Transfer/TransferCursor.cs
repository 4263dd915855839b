namespace Splice.Transfer;

/// <summary>Where a transfer stands. An offset is null where a side has none; then the kernel keeps the place.</summary>
internal record struct TransferCursor(long? SourceOffset, long? DestinationOffset)
{
    public void Advance(long bytes)
    {
        SourceOffset += bytes;
        DestinationOffset += bytes;
    }
}
