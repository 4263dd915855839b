using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Symbolic links through which a copy would destroy what is not its destination.</summary>
internal static class LinkCheck
{
    private static readonly int FolderFlags = OpenFlags.PathOnly | OpenFlags.Directory;
    private static readonly FileName Here = ".";

    /// <summary>Looks whether a link that is copied as a link leads to what it would replace. Then the copy would lead to itself,
    /// and the content would be lost.</summary>
    /// <param name="source">The link, opened with O_PATH.</param>
    /// <param name="sourceLabel">Says its path.</param>
    /// <param name="sourceFolder">The folder that the link is in; null if the link was never in one of this system.</param>
    /// <param name="folder">The folder that the copy goes into.</param>
    /// <param name="name">The name that it takes there.</param>
    /// <param name="existing">What has that name.</param>
    /// <param name="label">Says the path of that.</param>
    /// <exception cref="TransferException">It does. Nothing was touched.</exception>
    public static void ThrowIfLeadsTo(
        SafeHandle source, object sourceLabel, SafeFileHandle? sourceFolder, SafeFileHandle folder, FileName name, FileStatus existing, object label)
    {
        // A link that is replaced has no content. It is lost only where the source leads through it.
        bool isLink = existing.Kind == DescriptorKind.SymbolicLink;
        if (LibC.ReadLink(source, out FileName target).Ok
            && ((sourceFolder is not null && LeadsTo(sourceFolder, target, existing.Inode))
                || (!isLink && LeadsTo(folder, target, existing.Inode)))
            && !(isLink && IsSameLink(folder, name, target)))
        {
            throw new TransferException(TransferErrorId.SameFile,
                $"'{sourceLabel}' is a link that leads to '{label}'. It would replace what it leads to, and lead to itself. Nothing was touched.",
                "Choose another destination, or copy what the link leads to.",
                target: label.ToString());
        }
    }

    /// <summary>The same for a link that was named by its path.</summary>
    public static void ThrowIfLeadsTo(SafeHandle source, string path, Place place)
    {
        SysResult opened = LibC.Open(System.IO.Path.GetDirectoryName(path) ?? "/", FolderFlags, out SafeFileHandle folder);
        using (folder)
        {
            ThrowIfLeadsTo(source, path, opened.Ok ? folder : null, place.Folder, place.Name, place.Existing!, place.Label);
        }
    }

    /// <summary>Looks whether a destination's path leads through a link that the same command has made. Then the source would go
    /// where an earlier source leads, which the user did not name.</summary>
    /// <param name="ledger">What the command has made; may be null.</param>
    /// <param name="source">What would be copied.</param>
    /// <param name="path">The destination.</param>
    /// <exception cref="TransferException">It does. Nothing was touched.</exception>
    public static void ThrowIfMade(CopyLedger? ledger, string source, string path)
    {
        if (ledger?.MayHaveLinks == true && FindMade(ledger, path, depth: 0) is string link)
        {
            throw new TransferException(TransferErrorId.DestinationExists,
                $"'{link}' is a link that this command made of an earlier source, and '{source}' would be written through it. Nothing was written.",
                "Copy into different folders.",
                Errno.EEXIST, path);
        }
    }

    private static string? FindMade(CopyLedger ledger, string path, int depth)
    {
        FileIdentity? folder = null;
        for (int end = 1; depth <= LinkWalk.MostLinks && end > 0 && end <= path.Length;)
        {
            int next = path.IndexOf('/', end);
            string part = next < 0 ? path : path[..next];
            end = next < 0 ? -1 : next + 1;
            FileStatus.TryGet(part, followLink: false, out FileStatus? status);
            if (status?.Kind == DescriptorKind.SymbolicLink)
            {
                if (ledger.HasFile(status) || (folder is FileIdentity known && ledger.HasFolder(known)))
                {
                    return part;
                }

                if (LibC.ReadLink(part, out string? target).Ok
                    && FindMade(ledger, System.IO.Path.Combine(System.IO.Path.GetDirectoryName(part)!, target!), depth + 1) is string link)
                {
                    return link;
                }

                FileStatus.TryGet(part, followLink: true, out status);
            }

            folder = status?.Inode;
        }

        return null;
    }

    /// <summary>True if a link in a folder with this text leads to a file or link, in one step or over other links.</summary>
    private static bool LeadsTo(SafeFileHandle folder, FileName text, FileIdentity file)
    {
        if (!LibC.OpenAt(folder, Here, FolderFlags, 0, out SafeFileHandle start).Ok)
        {
            start.Dispose();
            return false;
        }

        using var walk = new LinkWalk(start, Here, string.Empty);
        SysResult gone = walk.GoTo(text);
        while (gone.Ok && walk.Look().Ok && walk.Status is { } status)
        {
            if (status.Inode == file)
            {
                return true;
            }

            if (!walk.IsAtLink || walk.IsAtMagicLink)
            {
                return FileStatus.TryGet(walk.Folder, walk.Name, followLink: true, out FileStatus? open).Ok && open!.Inode == file;
            }

            gone = walk.Follow();
        }

        return false;
    }

    /// <summary>Where the same link is there already, nothing would be lost.</summary>
    private static bool IsSameLink(SafeFileHandle folder, FileName name, FileName target)
    {
        SysResult opened = LibC.OpenAt(folder, name, OpenFlags.PathOnly | OpenFlags.NoFollow, 0, out SafeFileHandle link);
        using (link)
        {
            return opened.Ok && LibC.ReadLink(link, out FileName other).Ok && other.Bytes.SequenceEqual(target.Bytes);
        }
    }
}

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

    /// <summary>True if the link is one of procfs: it leads to an open file, and its text is not the way there
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
