using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>The destination of a received tree, and the temporary directory that it is extracted into: beside a missing name, or
/// inside the existing folder.</summary>
internal sealed class ExtractionTarget : IDisposable
{
    private static readonly int FolderFlags = LibC.O_RDONLY | LibC.O_DIRECTORY;

    private readonly SafeFileHandle _folder;
    private readonly FileName _temporary;
    private readonly FileName? _marker;
    private readonly bool _exists;
    private bool _isDone;

    /// <param name="path">The path of the tree, or of the folder for it.</param>
    /// <param name="marker">The name of the marker of <see cref="MarkerOf"/>.</param>
    /// <exception cref="TransferException">The folder does not exist, is not writable, or has the name although it must not.</exception>
    public ExtractionTarget(ReceiveRequest request, string path, FileName? marker, CancellationToken cancellation)
    {
        Path = PathOf(request, path, marker, out bool hasName);
        _marker = hasName ? null : marker;
        _exists = FileStatus.TryGet(Path, followLink: false, out FileStatus? existing).Ok;
        if (_exists && request.NoClobber)
        {
            throw FileFailures.DestinationExists(Path);
        }

        // A link to a folder counts as one if the user named it, and not under the source's name.
        if (_exists && existing!.Kind != DescriptorKind.Directory && (hasName || !Directory.Exists(Path)))
        {
            throw TreeErrors.NotAFolder(Path);
        }

        string parent = _exists ? Path : System.IO.Path.GetDirectoryName(Path) ?? "/";
        SysResult result = LibC.Open(parent, FolderFlags | (_exists && hasName ? LibC.O_NOFOLLOW : 0), out _folder);
        SafeFileHandle top = new();
        if (result.Ok)
        {
            TemporaryFolders.RemoveLeft(_folder, parent, TemporaryNames.IsTemporary, cancellation);
            result = TemporaryFolders.Create(_folder, StagedFile.TemporaryName, out _temporary, out top);
        }

        Top = top;
        _isDone = !result.Ok;
        if (!result.Ok)
        {
            Dispose();
            throw FileFailures.OpenDestination(Path, result.Errno);
        }
    }

    /// <summary>The final path of the tree.</summary>
    public string Path { get; }

    /// <summary>The temporary directory.</summary>
    public SafeFileHandle Top { get; }

    /// <summary>The existing folder that the items are moved into; null if the tree is new.</summary>
    public SafeFileHandle? Existing => _exists ? _folder : null;

    /// <summary>Returns the final path of the tree.</summary>
    /// <param name="path">The path of the tree, or of the folder for it.</param>
    /// <param name="marker">The name of the marker of <see cref="MarkerOf"/>.</param>
    /// <param name="hasName">True if the tree has the name of the source, in the folder of that path.</param>
    public static string PathOf(ReceiveRequest request, string path, FileName? marker, out bool hasName)
    {
        string name = request.Name;
        bool isContinued = request.Update != UpdateMode.Always && marker is { } file && ResumeMarker.Exists(path, file);
        hasName = name is not ("" or "." or "..") && Directory.Exists(path) && !isContinued;
        return hasName ? System.IO.Path.Join(path, name) : path.TrimEnd('/');
    }

    /// <summary>Returns the name of the marker for a tree with the name of a path; null if it goes into the folder of that path.</summary>
    public static FileName? MarkerOf(ReceiveRequest request, RemoteHost host, string path) => path.EndsWith('/') ? (FileName?)null : PartialName.OfFolder(
        System.IO.Path.GetFileName(path), string.Create(CultureInfo.InvariantCulture, $"{host.UserName}@{host.Name}:{host.Port}\n{request.Source}"));

    /// <summary>Gives the tree its name, or moves its items into the existing folder.</summary>
    /// <param name="force">True to replace read-only files.</param>
    /// <param name="flush">True to wait until the tree is on the disk, before it gets its name and afterwards.</param>
    /// <param name="moved">Called when the items are in the existing folder, and the temporary one is gone.</param>
    /// <param name="removals">Removes items of other types; null if they are an error.</param>
    /// <param name="isMarked">True to create the marker by which the same command continues, false to remove it; null to leave it.</param>
    public void Commit(bool force, bool flush, Action? moved = null, LocalRemovals? removals = null, bool? isMarked = null)
    {
        Flush(flush, Top);
        using SafeFileHandle? beside = _marker is null ? null : OpenParent();
        if (isMarked == true && beside is not null)
        {
            ResumeMarker.Create(beside, _marker!.Value, Path);
        }

        Place(force, removals);
        if (_exists && moved is not null)
        {
            Remove();
            moved();
        }

        if (isMarked == false && beside is not null)
        {
            ResumeMarker.Remove(beside, _marker!.Value);
        }

        Flush(flush, _folder);
    }

    public void Dispose()
    {
        Top.Dispose();
        if (!_isDone)
        {
            Remove();
        }

        _folder.Dispose();
    }

    private void Remove()
    {
        TemporaryFolders.Remove(_folder, Path, _temporary, CancellationToken.None);
        _isDone = true;
    }

    /// <summary>Opens the folder that has the tree, and its marker.</summary>
    private SafeFileHandle OpenParent()
    {
        SysResult opened = LibC.Open(System.IO.Path.GetDirectoryName(Path) ?? "/", LibC.O_PATH | LibC.O_DIRECTORY, out SafeFileHandle parent);
        return opened.Ok ? parent : throw FileFailures.OpenDestination(Path, opened.Errno);
    }

    private void Flush(bool flush, SafeFileHandle folder)
    {
        if (flush && LibC.FlushFileSystem(folder) is { Ok: false } flushed)
        {
            throw FileFailures.Flush(Path, flushed.Errno);
        }
    }

    private void Place(bool force, LocalRemovals? removals)
    {
        if (_exists)
        {
            var merge = new TreeMerge(force, removals);
            merge.Check(Top, _folder, Path);
            merge.Move(Top, _folder, Path);
            return;
        }

        SysResult renamed = TreeMerge.MoveReadOnly(_folder, _temporary, () => ExclusiveRename.Run(_folder, _temporary, System.IO.Path.GetFileName(Path)));
        _isDone = renamed.Ok;
        if (!renamed.Ok)
        {
            throw FileFailures.OpenDestination(Path, renamed.Errno);
        }
    }
}

/// <summary>Paths in a tar stream: bytes.</summary>
internal static class TarPath
{
    private const int PATH_MAX = 4096;

    /// <summary>Splits a path into names: none for the tree's top.</summary>
    /// <exception cref="TransferException">It is outside the tree, or too long.</exception>
    public static IReadOnlyList<FileName> Parse(byte[] path, string host)
    {
        string text = Encoding.Latin1.GetString(path);
        string[] names = text.Split('/');
        return text.Length < PATH_MAX && !text.StartsWith('/') && !names.Contains("..")
            ? [.. names.Where(name => name is not ("" or ".")).Select(name => new FileName(Encoding.Latin1.GetBytes(name)))]
            : throw new TransferException(TransferErrorId.InvalidPath,
                $"'{host}' sent '{Text(path)}', which leads out of the folder or is too long. Nothing was kept.",
                "Check the tar of that host.", Errno.EINVAL, host);
    }

    /// <summary>Returns names as a key: each byte is a character.</summary>
    public static string KeyOf(IEnumerable<FileName> names) => string.Join('/', names.Select(name => Encoding.Latin1.GetString(name.Bytes)));

    /// <summary>Returns a path for messages.</summary>
    public static string Text(byte[] path) => RemoteFailure.Shown(Encoding.UTF8.GetString(path));
}

/// <summary>Opens directories of a tree, each in its parent and never through a link, so that no name in a stream leads out of the
/// tree. The directories on the last path stay open.</summary>
/// <param name="top">The tree's top, which the caller owns.</param>
internal sealed class DirectoryPathCache(SafeFileHandle top, string label) : IDisposable
{
    private static readonly int FolderFlags = LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_NOFOLLOW;

    private readonly List<(FileName Name, SafeFileHandle Handle)> _open = [];

    /// <summary>Opens a directory; null if one on the path is missing, or is not a directory. It stays open until the next call.</summary>
    public SafeFileHandle? TryOpen(IEnumerable<FileName> names) => Walk(names, static (folder, name) =>
    {
        SysResult opened = LibC.OpenAt(folder, name, FolderFlags, 0, out SafeFileHandle handle);
        if (opened.Ok)
        {
            return handle;
        }

        handle.Dispose();
        return null;
    });

    /// <summary>Opens a directory, or creates it. It stays open until the next call.</summary>
    /// <exception cref="TransferException">An item on the path is not a directory.</exception>
    public SafeFileHandle Open(IEnumerable<FileName> names) => Walk(names, OpenOne)!;

    public void Dispose() => CloseFrom(0);

    private SafeFileHandle? Walk(IEnumerable<FileName> names, Func<SafeFileHandle, FileName, SafeFileHandle?> open)
    {
        int depth = 0;
        SafeFileHandle directory = top;
        foreach (FileName name in names)
        {
            if (depth < _open.Count && !_open[depth].Name.Bytes.SequenceEqual(name.Bytes))
            {
                CloseFrom(depth);
            }

            if (depth == _open.Count)
            {
                if (open(directory, name) is not { } handle)
                {
                    return null;
                }

                _open.Add((name, handle));
            }

            directory = _open[depth++].Handle;
        }

        return directory;
    }

    private SafeFileHandle OpenOne(SafeFileHandle folder, FileName name)
    {
        SysResult opened = LibC.OpenAt(folder, name, FolderFlags, 0, out SafeFileHandle handle);
        if (opened.Errno == Errno.ENOENT && LibC.MakeDirectoryAt(folder, name, LibC.S_IRWXU).Ok)
        {
            opened = LibC.OpenAt(folder, name, FolderFlags, 0, out handle);
        }

        if (opened.Ok)
        {
            return handle;
        }

        handle.Dispose();
        throw opened.Errno is Errno.ENOTDIR or Errno.ELOOP
            ? new TransferException(TransferErrorId.InvalidPath,
                $"The stream has an item in '{RemoteFailure.Shown(name.ToString())}', which is not a folder there, below '{label}'. Nothing was kept.",
                "Check the tar of that host.",
                opened.Errno, label)
            : FileFailures.OpenDestination($"{label}/{RemoteFailure.Shown(name.ToString())}", opened.Errno);
    }

    private void CloseFrom(int depth)
    {
        _open.Skip(depth).ToList().ForEach(folder => folder.Handle.Dispose());
        _open.RemoveRange(depth, _open.Count - depth);
    }
}
