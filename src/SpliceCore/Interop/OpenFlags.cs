namespace Splice.Interop;

/// <summary>The O_* flags of open(2). Four of them differ between x64 and arm64 (asm/fcntl.h).</summary>
internal static class OpenFlags
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int AccessMode = 3;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int NoControllingTerminal = 0x100;
    public const int Append = 0x400;
    public const int NonBlock = 0x800;
    public const int CloseOnExec = 0x80000;
    public const int PathOnly = 0x200000;

    public static readonly ArchitectureValue Directory = new(X64: 0x10000, Arm64: 0x4000);
    public static readonly ArchitectureValue NoFollow = new(X64: 0x20000, Arm64: 0x8000);
    public static readonly ArchitectureValue Direct = new(X64: 0x4000, Arm64: 0x10000);
    public static readonly ArchitectureValue TemporaryFile = new(0x400000 | Directory.X64, 0x400000 | Directory.Arm64);
}
