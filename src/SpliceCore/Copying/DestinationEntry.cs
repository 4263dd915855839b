using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>A name in an open folder, and what has it. All calls start at the folder, so that they reach the one that was
/// examined.</summary>
/// <param name="Existing">The status of the existing file; null if there is none.</param>
/// <param name="Label">Its ToString is the path: in deep trees paths are built only for messages.</param>
/// <param name="MayReplace">True if a file that has the name may be replaced.</param>
internal sealed record DestinationEntry(SafeFileHandle Folder, FileName Name, FileStatus? Existing, object Label, bool MayReplace) : IDisposable
{
    private static readonly int FolderFlags = LibC.O_PATH | LibC.O_DIRECTORY;

    public string Path => Label.ToString()!;

    /// <summary>True if the new item replaces an old one. Only what was examined is replaced: what takes a free name during the copy
    /// stays.</summary>
    public bool Replaces => MayReplace && Existing is not null;

    /// <summary>True if the user named this very path. Then a device or FIFO is written in place; in a tree it is replaced, and the
    /// names in a folder are flushed together.</summary>
    public bool IsNamedByUser { get; init; }

    /// <summary>True if the path names the file; false if the name is a link to an open file (/dev/stdout), and
    /// <see cref="Existing"/> its target. Other links were followed already.</summary>
    public bool IsReplaceable { get; init; } = true;

    /// <summary>Modes that new files get in the folder; null if unknown.</summary>
    public CreateModeCache? Modes { get; init; }

    private bool OwnsFolder { get; init; }

    /// <summary>Resolves a destination: a folder gets the source under its name, a link is followed to its target.</summary>
    public static DestinationEntry Resolve(string source, string destination, bool mayReplace = true, CreatedFiles? created = null)
    {
        SysResult opened = LibC.Open(destination, FolderFlags, out SafeFileHandle folder);
        string path = destination;
        if (opened.Ok)
        {
            path = System.IO.Path.Join(destination, System.IO.Path.GetFileName(source.TrimEnd('/')));
        }
        else if (opened.Errno is Errno.ENOENT or Errno.ENOTDIR && !destination.EndsWith('/'))
        {
            folder.Dispose();
            opened = LibC.Open(System.IO.Path.GetDirectoryName(destination) ?? "/", FolderFlags, out folder);
        }

        using var walk = new LinkWalk(folder, System.IO.Path.GetFileName(path), path);
        ThrowIfFailed(opened, path);
        LinkCheck.ThrowIfMade(created, source, path);
        ThrowIfFailed(walk.Look(), path);
        while (walk.IsAtLink)
        {
            if (walk.IsAtMagicLink)
            {
                // Others that have the file open would keep the old one if its name was given to a new file.
                ThrowIfFailed(FileStatus.TryGet(walk.Folder, walk.Name, followLink: true, out FileStatus? open), path);
                return Of(walk, open, path, mayReplace) with { IsReplaceable = false };
            }

            ThrowIfFailed(walk.Follow(), path);
            ThrowIfFailed(walk.Look(), path);
        }

        return walk.Status?.Kind == DescriptorKind.Directory
            ? throw FileFailures.DestinationIsDirectory(path)
            : Of(walk, walk.Status, walk.Path, mayReplace);
    }

    /// <summary>Returns the error for a new item that cannot get the name.</summary>
    public TransferException NameFailure(Errno errno) => errno == Errno.EEXIST && MayReplace && Existing is null
        ? new TransferException(TransferErrorId.DestinationExists,
            $"Another process created '{Path}' after the command had started. It was not replaced.",
            "Run the command again to replace it, or choose another name.",
            errno, Path)
        : FileFailures.NameDestination(Path, errno);

    /// <summary>Closes the folder if the path was resolved here; otherwise it belongs to another object.</summary>
    public void Dispose()
    {
        if (OwnsFolder)
        {
            Folder.Dispose();
        }
    }

    private static DestinationEntry Of(LinkWalk walk, FileStatus? existing, string path, bool mayReplace) =>
        new(walk.TakeFolder(), walk.Name, existing, path, mayReplace) { IsNamedByUser = true, OwnsFolder = true };

    private static void ThrowIfFailed(SysResult result, string path)
    {
        if (!result.Ok)
        {
            throw FileFailures.OpenDestination(path, result.Errno);
        }
    }
}

/// <summary>Follows symbolic links, one at a time. Each step starts at an open directory and an open link: a name that is exchanged
/// between two calls leads to another file, but never to one that was not examined.</summary>
internal sealed class LinkWalk(SafeFileHandle folder, FileName name, string path) : IDisposable
{
    public const int MostLinks = 40; // the kernel's own limit, path_resolution(7)

    private static readonly FileName Here = ".";

    private int _links;

    /// <summary>The current directory of the walk; disposed of with the walk.</summary>
    public SafeFileHandle Folder { get; private set; } = folder;

    public FileName Name { get; private set; } = name;

    public string Path { get; private set; } = path;

    /// <summary>Result of <see cref="Look"/>; null for a free name.</summary>
    public FileStatus? Status { get; private set; }

    public bool IsAtLink => Status?.Kind == DescriptorKind.SymbolicLink;

    /// <summary>True if the link is one of procfs, which leads to an open file whatever its text is (proc_pid_fd(5)).</summary>
    public bool IsAtMagicLink => IsAtLink
        && FileStatus.TryGet("/proc/self", followLink: false, out FileStatus? proc).Ok
        && Status!.Inode.Device == proc!.Inode.Device;

    /// <summary>Queries the name itself, not the target of a link.</summary>
    public SysResult Look()
    {
        SysResult looked = FileStatus.TryGet(Folder, Name, followLink: false, out FileStatus? status);
        Status = status;
        return looked.Errno == Errno.ENOENT ? default : looked;
    }

    /// <summary>Follows the link; does nothing if it has disappeared, which the next <see cref="Look"/> reports.</summary>
    public SysResult Follow()
    {
        if (++_links > MostLinks)
        {
            return new SysResult(-1, Errno.ELOOP);
        }

        SysResult opened = LibC.OpenAt(Folder, Name, LibC.O_PATH | LibC.O_NOFOLLOW, 0, out SafeFileHandle link);
        using (link)
        {
            // The kernel does not follow some links (fs.protected_symlinks, proc_sys_fs(5)); nor does the walk.
            SysResult permitted = FileStatus.TryGet(Folder, Name, followLink: true, out _);
            if (!permitted.Ok && permitted.Errno != Errno.ENOENT)
            {
                return permitted;
            }

            FileName target = default;
            SysResult read = opened.Ok ? LibC.ReadLink(link, out target) : opened;
            return read.Errno == Errno.ENOENT ? default : read.Ok ? GoTo(target) : read;
        }
    }

    /// <summary>Follows a link in the directory with this text.</summary>
    public SysResult GoTo(FileName target)
    {
        ReadOnlySpan<byte> text = target.Bytes;
        int slash = text.LastIndexOf((byte)'/');
        bool isFolder = slash == text.Length - 1;
        if (slash >= 0)
        {
            FileName above = slash == 0 ? "/" : new FileName(isFolder ? text : text[..slash]);
            SysResult opened = LibC.OpenAt(
                Folder, above, LibC.O_PATH | LibC.O_DIRECTORY, 0, out SafeFileHandle next);
            if (!opened.Ok)
            {
                next.Dispose();
                return opened;
            }

            Folder.Dispose();
            Folder = next;
        }

        Name = isFolder ? Here : new FileName(text[(slash + 1)..]);
        Path = System.IO.Path.Combine(FolderOf(Path), target.ToString());
        if (Path.Contains("/../", StringComparison.Ordinal) && LibC.ReadLink(LibC.PathOf(Folder), out string? real).Ok)
        {
            // Removing ".." from the text would be wrong behind a linked directory: ask the kernel.
            Path = System.IO.Path.Join(real, Name.ToString());
        }

        return default;
    }

    /// <summary>Transfers the directory to the caller.</summary>
    public SafeFileHandle TakeFolder()
    {
        SafeFileHandle taken = Folder;
        Folder = new SafeFileHandle();
        return taken;
    }

    public void Dispose() => Folder.Dispose();

    private static string FolderOf(string path) => System.IO.Path.GetDirectoryName(path) ?? "/";
}

/// <summary>Checks that a path can be passed to the kernel.</summary>
internal static class PathCheck
{
    public static void Name(string path)
    {
        if (!IsValidUtf16(path))
        {
            throw new TransferException(TransferErrorId.InvalidPath,
                $"'{path}' contains half of a surrogate pair, which UTF-8 cannot encode.",
                "Choose another name.",
                Errno.EILSEQ, path);
        }

        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new TransferException(TransferErrorId.InvalidPath,
                $"'{path.Replace("\0", "\\0", StringComparison.Ordinal)}' contains a NUL character, which file names cannot have.",
                "Choose another name.",
                Errno.EINVAL, path);
        }
    }

    /// <summary>True if UTF-8 has bytes for the text: not for half a surrogate pair.</summary>
    public static bool IsValidUtf16(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i])))
            {
                return false;
            }
        }

        return true;
    }
}
