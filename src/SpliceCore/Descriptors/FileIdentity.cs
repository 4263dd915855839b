namespace Splice.Descriptors;

/// <summary>Two descriptors with one identity are one file: device and inode, or the device number of a device,
/// of which there may be several nodes.</summary>
internal readonly record struct FileIdentity(ulong Device, ulong Inode, ulong SpecialDevice);
