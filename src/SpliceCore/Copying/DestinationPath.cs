using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Where a copy goes: a name in an open folder, and what has the name now. Everything that is done there starts at the
/// folder, so that it happens in the one that was looked at.</summary>
internal sealed class DestinationPath : IDisposable
{
    private static readonly int FolderFlags = OpenFlags.PathOnly | OpenFlags.Directory;

    private DestinationPath(SafeFileHandle folder, FileName name, string path, FileStatus? existing, bool isReplaceable)
    {
        Folder = folder;
        Name = name;
        Path = path;
        Existing = existing;
        IsReplaceable = isReplaceable;
    }

    /// <summary>The folder, open (O_PATH).</summary>
    public SafeFileHandle Folder { get; }

    public FileName Name { get; }

    /// <summary>The file itself, with the links that led to it followed.</summary>
    public string Path { get; }

    /// <summary>What has the name; null for a free name.</summary>
    public FileStatus? Existing { get; }

    /// <summary>True if the path names the file: /dev/stdout, say, only leads to one.</summary>
    public bool IsReplaceable { get; }

    /// <summary>Looks at the destination: a folder takes the source's name, a link is followed to the file it means.</summary>
    /// <param name="source">What is copied.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="ledger">What the command has made before; may be null.</param>
    /// <exception cref="TransferException">No file can be there.</exception>
    public static DestinationPath Resolve(string source, string destination, CopyLedger? ledger = null)
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
        if (!opened.Ok)
        {
            throw FileFailures.OpenDestination(path, opened.Errno);
        }

        LinkCheck.ThrowIfMade(ledger, source, path);
        return Resolve(walk, path);
    }

    /// <summary>Where something new takes the name.</summary>
    /// <param name="mayReplace">Whether what has the name may be replaced.</param>
    public Place ToPlace(bool mayReplace) => new(Folder, Name, Existing, Path, mayReplace)
    {
        IsNamedByUser = true,
        IsLink = !IsReplaceable,
    };

    public void Dispose() => Folder.Dispose();

    private static DestinationPath Resolve(LinkWalk walk, string path)
    {
        Check(walk.Look(), path);
        while (walk.IsAtLink)
        {
            if (walk.IsAtMagicLink)
            {
                // Others that have the file open would go on with the old one if the one with its name was replaced.
                Check(FileStatus.TryGet(walk.Folder, walk.Name, followLink: true, out FileStatus? open), path);
                FileName name = walk.Name;
                return new DestinationPath(walk.TakeFolder(), name, path, open, isReplaceable: false);
            }

            Check(walk.Follow(), path);
            Check(walk.Look(), path);
        }

        return walk.Status?.Kind == DescriptorKind.Directory
            ? throw FileFailures.DestinationIsDirectory(path)
            : new DestinationPath(walk.TakeFolder(), walk.Name, walk.Path, walk.Status, isReplaceable: true);
    }

    private static void Check(SysResult result, string path)
    {
        if (!result.Ok)
        {
            throw FileFailures.OpenDestination(path, result.Errno);
        }
    }
}

/// <summary>Where a new item will be: a name in an open folder, which nobody can exchange for another meanwhile.</summary>
/// <param name="Folder">The folder; it stays its owner's.</param>
/// <param name="Name">The name in it.</param>
/// <param name="Existing">What has the name now; null where nothing has.</param>
/// <param name="Label">What says its path; the text is made only where somebody wants to read it.</param>
/// <param name="MayReplace">Whether what has the name may be replaced.</param>
internal sealed record Place(SafeFileHandle Folder, FileName Name, FileStatus? Existing, object Label, bool MayReplace)
{
    public string Path => Label.ToString()!;

    /// <summary>True if the new item replaces what has the name. Only what was looked at is replaced: what takes a free name
    /// meanwhile stays.</summary>
    public bool Replaces => MayReplace && Existing is not null;

    /// <summary>True if the user named this very place. Then a device or FIFO in it is written into. In a tree it is replaced,
    /// and the names in a folder are flushed together.</summary>
    public bool IsNamedByUser { get; init; }

    /// <summary>True if the name is a link to an open file (/dev/stdout), and <see cref="Existing"/> what it leads to. No other
    /// link is followed: whoever made the place has done that.</summary>
    public bool IsLink { get; init; }

    /// <summary>What modes new files get in the folder; null where nobody remembers it.</summary>
    public GrantedMode? Modes { get; init; }

    /// <summary>Why a new item could not take the name.</summary>
    public TransferException NameFailure(Errno errno) => errno == Errno.EEXIST && MayReplace && Existing is null
        ? new TransferException(TransferErrorId.DestinationExists,
            $"'{Path}' did not exist when the command began, and another process has created it since. It was not replaced.",
            "Start again to replace it, or choose another name.",
            errno, Path)
        : FileFailures.NameDestination(Path, errno);
}
