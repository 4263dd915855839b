namespace Splice.Transfer;

/// <summary>Which end of a transfer an answer of the kernel is about.</summary>
internal enum TransferSide
{
    Unknown,
    Source,
    Destination,
}
