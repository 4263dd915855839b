namespace Splice.Interop;

/// <summary>The C library, one function a file: the import private under its native name, the wrapper beside it.
/// Borrowed handles in, owned handles out; every wrapper answers a <see cref="SysResult"/> and never throws.</summary>
internal static partial class LibC
{
    private const string Library = "libc";

    /// <summary>AT_FDCWD: relative paths start at the process's directory.</summary>
    public const int CurrentDirectory = -100;

    /// <summary>AT_SYMLINK_NOFOLLOW: a link stands for itself.</summary>
    public const int SymlinkNoFollow = 0x100;

    /// <summary>AT_SYMLINK_FOLLOW: linkat(2) follows its source.</summary>
    public const int SymlinkFollow = 0x400;

    /// <summary>AT_EMPTY_PATH: the descriptor itself is meant.</summary>
    public const int EmptyPath = 0x1000;
}
