using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Moves what is in one folder into another one that has some of it already: files are replaced, folders take in.</summary>
/// <param name="force">Whether files that are read-only are replaced.</param>
internal sealed class TreeMerge(bool force)
{
    private const uint OwnerMayWrite = 0x80; // 0200

    private static readonly int FolderFlags = OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow;

    /// <summary>Looks whether something is in the way.</summary>
    /// <exception cref="TransferException">Something is.</exception>
    public void Look(SafeFileHandle from, SafeFileHandle to, string path) => Walk(from, to, path, isMoving: false);

    /// <summary>Moves it.</summary>
    /// <exception cref="TransferException">Something could not be moved.</exception>
    public void Move(SafeFileHandle from, SafeFileHandle to, string path) => Walk(from, to, path, isMoving: true);

    /// <summary>Moves a folder that its owner may not write to, which takes the right to write to it.</summary>
    /// <param name="folder">The folder that it is in.</param>
    /// <param name="name">Its name.</param>
    /// <param name="move">Moves it.</param>
    public static SysResult Closed(SafeFileHandle folder, FileName name, Func<SysResult> move)
    {
        SysResult moved = move();
        if (moved.Errno != Errno.EACCES
            || !LibC.OpenAt(folder, name, OpenFlags.PathOnly | OpenFlags.NoFollow, 0, out SafeFileHandle item).Ok)
        {
            return moved;
        }

        using (item)
        {
            if (FileStatus.TryGet(item, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Directory
                && LibC.ChangeModeOfPath(item, status.Permissions | OwnerMayWrite).Ok)
            {
                moved = move();
                LibC.ChangeModeOfPath(item, status.Permissions);
            }

            return moved;
        }
    }

    private void Walk(SafeFileHandle from, SafeFileHandle to, string path, bool isMoving)
    {
        Check(DirectoryReader.ReadNames(from, out List<FileName> names), path);
        foreach (FileName name in names)
        {
            string label = $"{path}/{name}";
            Check(FileStatus.TryGet(from, name, followLink: false, out FileStatus? item), label);
            bool isFolder = item!.Kind == DescriptorKind.Directory;
            FileStatus? there = FileStatus.TryGet(to, name, followLink: false, out FileStatus? status).Ok ? status : null;
            if (isFolder && there?.Kind == DescriptorKind.Directory)
            {
                using SafeFileHandle inner = Open(from, name, label);
                using SafeFileHandle outer = Open(to, name, label);
                Walk(inner, outer, label, isMoving);
            }
            else if (isMoving)
            {
                Check(Closed(from, name, () => LibC.RenameAt(from, name, to, name)), label);
            }
            else if (there is not null)
            {
                CheckReplaceable(isFolder, there, to, name, label);
                CheckLink(from, item, there, to, name, label);
            }
        }
    }

    private void CheckReplaceable(bool isFolder, FileStatus there, SafeFileHandle to, FileName name, string label)
    {
        if (isFolder)
        {
            throw Copying.Trees.TreeErrors.NotAFolder(label);
        }

        if (there.Kind == DescriptorKind.Directory)
        {
            throw FileFailures.DestinationIsDirectory(label);
        }

        if (!force && there.Kind == DescriptorKind.Regular)
        {
            Check(LibC.MayWriteAt(to, name), label);
        }
    }

    /// <summary>A link that came from the host may lead to the very file that is there.</summary>
    private static void CheckLink(SafeFileHandle from, FileStatus item, FileStatus there, SafeFileHandle to, FileName name, string label)
    {
        if (item.Kind == DescriptorKind.SymbolicLink)
        {
            Check(LibC.OpenAt(from, name, OpenFlags.PathOnly | OpenFlags.NoFollow, 0, out SafeFileHandle link), label);
            using (link)
            {
                LinkCheck.ThrowIfLeadsTo(link, $"{name}", sourceFolder: null, to, name, there, label);
            }
        }
    }

    private static SafeFileHandle Open(SafeFileHandle folder, FileName name, string label)
    {
        Check(LibC.OpenAt(folder, name, FolderFlags, 0, out SafeFileHandle opened), label);
        return opened;
    }

    private static void Check(SysResult result, string label)
    {
        if (!result.Ok)
        {
            throw FileFailures.OpenDestination(label, result.Errno);
        }
    }
}

/// <summary>What does not go together with folders.</summary>
internal static class RemoteTreeCheck
{
    /// <summary>The options by themselves, before any host is connected to.</summary>
    /// <param name="request">The request.</param>
    /// <param name="path">The folder.</param>
    /// <exception cref="TransferException">One of them is for single files only.</exception>
    public static void Options(RemoteRequest request, string path)
    {
        if (request.Resume)
        {
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"-Resume goes on with a single file, and '{path}' is a folder, of which an interruption leaves nothing.",
                "Leave -Resume out: all of it is transferred again.",
                target: path);
        }
    }
}
