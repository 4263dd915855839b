namespace Splice.Descriptors;

/// <summary>What stands behind a descriptor (the S_IFMT part of its mode).</summary>
internal enum DescriptorKind
{
    /// <summary>Something without a file type: an eventfd, say.</summary>
    Other = 0,
    Fifo = 0x1000,
    Character = 0x2000,
    Directory = 0x4000,
    Block = 0x6000,
    Regular = 0x8000,
    SymbolicLink = 0xA000,
    Socket = 0xC000,
}
