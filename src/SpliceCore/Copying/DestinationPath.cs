using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Where a copy goes, and what is there now.</summary>
/// <param name="Path">The file itself, with the links that led to it followed.</param>
/// <param name="Existing">What is there; null where nothing is.</param>
/// <param name="IsReplaceable">Whether the path names the file: /dev/stdout, say, only leads to one.</param>
internal sealed record DestinationPath(string Path, FileStatus? Existing, bool IsReplaceable)
{
    private const int MostLinks = 40; // the kernel's own limit, path_resolution(7)

    /// <summary>The folder; "/" for what is directly below it.</summary>
    public string Folder => FolderOf(Path);

    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>Opens the folder, so that what happens there happens in this one.</summary>
    public SafeFileHandle OpenFolder()
    {
        SysResult opened = LibC.Open(Folder, OpenFlags.PathOnly | OpenFlags.Directory, out SafeFileHandle folder);
        if (opened.Ok)
        {
            return folder;
        }

        folder.Dispose();
        throw Failures.OpenDestination(Path, opened.Errno);
    }

    /// <summary>Looks at the destination: a folder takes the source's name, a link is followed to the file it means.</summary>
    public static DestinationPath Resolve(string source, string destination)
    {
        FileStatus? existing = Look(destination);
        if (existing?.Kind == DescriptorKind.Directory)
        {
            destination = System.IO.Path.Join(destination, System.IO.Path.GetFileName(source.TrimEnd('/')));
            existing = Look(destination);
        }
        else if (existing is null && destination.EndsWith('/'))
        {
            throw Failures.OpenDestination(destination, Errno.ENOENT);
        }

        if (existing?.Kind == DescriptorKind.Directory)
        {
            throw Failures.DestinationIsDirectory(destination);
        }

        string target = FollowLink(destination, out bool isName);
        bool names = target == destination || (isName && Look(target) is { } behind && behind.Identity == existing?.Identity);
        return names || existing is null
            ? new DestinationPath(target, existing, IsReplaceable: true)
            : new DestinationPath(destination, existing, IsReplaceable: false);
    }

    private static FileStatus? Look(string path)
    {
        SysResult result = FileStatus.TryGet(path, followLink: true, out FileStatus? status);
        return result.Ok || result.Errno == Errno.ENOENT ? status : throw Failures.OpenDestination(path, result.Errno);
    }

    /// <summary>The file that a symbolic link means at last, there or not; the path itself where it is no link.</summary>
    /// <param name="path">The path.</param>
    /// <param name="isName">False where the way leads through an open file (/proc/self/fd): whoever holds it open would go
    /// on with the old file if the one with its name was replaced.</param>
    private static string FollowLink(string path, out bool isName)
    {
        isName = true;
        for (int i = 0; i < MostLinks && LibC.ReadLink(path, out string? target).Ok; i++)
        {
            isName = isName && !IsOfProc(path);
            path = System.IO.Path.Combine(FolderOf(path), target!);
        }

        return path.Contains("/../", StringComparison.Ordinal) ? WithoutDots(path) : path;
    }

    /// <summary>A link of procfs says in words what it leads to without a name (proc_pid_fd(5)).</summary>
    private static bool IsOfProc(string link) =>
        FileStatus.TryGet(link, followLink: false, out FileStatus? status).Ok
        && FileStatus.TryGet("/proc/self", followLink: false, out FileStatus? proc).Ok
        && status!.Identity.Device == proc!.Identity.Device;

    /// <summary>Others take ".." out of a path's text. Behind a linked folder that is another place: the kernel knows.</summary>
    private static string WithoutDots(string path)
    {
        SysResult opened = LibC.Open(FolderOf(path), OpenFlags.PathOnly | OpenFlags.Directory, out SafeFileHandle folder);
        using (folder)
        {
            return opened.Ok && LibC.ReadLink($"/proc/self/fd/{opened.Value}", out string? real).Ok
                ? System.IO.Path.Join(real, System.IO.Path.GetFileName(path))
                : path;
        }
    }

    private static string FolderOf(string path) => System.IO.Path.GetDirectoryName(path) ?? "/";
}
