using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>A name in an open folder, and the way from one symbolic link to the next. Each step starts at an open folder and an
/// open link: a name exchanged between two looks leads to another file, but never to one that was not looked at.</summary>
/// <param name="folder">The folder, which is disposed of with the walk.</param>
/// <param name="name">The name in it.</param>
/// <param name="path">The path of the name, for messages and results.</param>
internal sealed class LinkWalk(SafeFileHandle folder, FileName name, string path) : IDisposable
{
    /// <summary>So many links lead one to the next at most.</summary>
    public const int MostLinks = 40; // the kernel's own limit, path_resolution(7)

    private static readonly FileName Here = ".";

    private int _links;

    /// <summary>The folder that the walk has come to.</summary>
    public SafeFileHandle Folder { get; private set; } = folder;

    /// <summary>The name in it.</summary>
    public FileName Name { get; private set; } = name;

    public string Path { get; private set; } = path;

    /// <summary>What <see cref="Look"/> found; null for a free name.</summary>
    public FileStatus? Status { get; private set; }

    public bool IsAtLink => Status?.Kind == DescriptorKind.SymbolicLink;

    /// <summary>Whether the link is one of procfs: it leads to an open file, and its text is not the way there
    /// (proc_pid_fd(5)).</summary>
    public bool IsAtMagicLink => IsAtLink
        && FileStatus.TryGet("/proc/self", followLink: false, out FileStatus? proc).Ok
        && Status!.Inode.Device == proc!.Inode.Device;

    /// <summary>Looks at the name itself, not at what a link leads to.</summary>
    public SysResult Look()
    {
        SysResult looked = FileStatus.TryGet(Folder, Name, followLink: false, out FileStatus? status);
        Status = status;
        return looked.Errno == Errno.ENOENT ? default : looked;
    }

    /// <summary>Goes where the link leads. Stays where it is if the link has disappeared: the next look finds out.</summary>
    public SysResult Follow()
    {
        if (++_links > MostLinks)
        {
            return new SysResult(-1, Errno.ELOOP);
        }

        SysResult opened = LibC.OpenAt(Folder, Name, OpenFlags.PathOnly | OpenFlags.NoFollow, 0, out SafeFileHandle link);
        using (link)
        {
            // The kernel refuses to follow some links (fs.protected_symlinks, proc_sys_fs(5)), and so does the walk.
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

    /// <summary>Goes where a link in the folder with this text would lead.</summary>
    public SysResult GoTo(FileName target)
    {
        ReadOnlySpan<byte> text = target.Bytes;
        int slash = text.LastIndexOf((byte)'/');
        bool isFolder = slash == text.Length - 1;
        if (slash >= 0)
        {
            FileName above = slash == 0 ? "/" : new FileName(isFolder ? text : text[..slash]);
            SysResult opened = LibC.OpenAt(
                Folder, above, OpenFlags.PathOnly | OpenFlags.Directory, 0, out SafeFileHandle next);
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
            // Others take ".." out of a path's text. Behind a linked folder that is another place: the kernel knows.
            Path = System.IO.Path.Join(real, Name.ToString());
        }

        return default;
    }

    /// <summary>Hands the folder over to the caller.</summary>
    public SafeFileHandle TakeFolder()
    {
        SafeFileHandle taken = Folder;
        Folder = new SafeFileHandle();
        return taken;
    }

    public void Dispose() => Folder.Dispose();

    private static string FolderOf(string path) => System.IO.Path.GetDirectoryName(path) ?? "/";
}
