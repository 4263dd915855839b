using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
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

    /// <summary>Whether the path names the file: /dev/stdout, say, only leads to one.</summary>
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
            throw Failures.OpenDestination(path, opened.Errno);
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
            ? throw Failures.DestinationIsDirectory(path)
            : new DestinationPath(walk.TakeFolder(), walk.Name, walk.Path, walk.Status, isReplaceable: true);
    }

    private static void Check(SysResult result, string path)
    {
        if (!result.Ok)
        {
            throw Failures.OpenDestination(path, result.Errno);
        }
    }
}
