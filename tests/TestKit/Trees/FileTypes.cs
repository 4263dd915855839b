namespace Splice.TestKit.Trees;

/// <summary>The S_IF* types of inode(7).</summary>
internal static class FileTypes
{
    public const uint Mask = 0xF000;
    public const uint Fifo = 0x1000;
    public const uint CharacterDevice = 0x2000;
    public const uint Folder = 0x4000;
    public const uint BlockDevice = 0x6000;
    public const uint Regular = 0x8000;
    public const uint SymbolicLink = 0xA000;
    public const uint Socket = 0xC000;

    public static string Name(uint type) => type switch
    {
        Fifo => "FIFO",
        CharacterDevice => "character device",
        Folder => "folder",
        BlockDevice => "block device",
        Regular => "regular file",
        SymbolicLink => "symbolic link",
        Socket => "socket",
        _ => $"type {type:x}",
    };
}
