using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Where a tree that is received goes, and the passing folder that it is made in: beside a name that is not there, or in
/// the folder that has the name.</summary>
internal sealed class UnpackedPlace : IDisposable
{
    private const uint AllForOwner = 0x1C0; // 0700

    private static readonly int FolderFlags = OpenFlags.ReadOnly | OpenFlags.Directory;

    private readonly SafeFileHandle _folder;
    private readonly FileName _passing = StagedFile.TemporaryName();
    private readonly string _passingPath;
    private readonly bool _isThere;
    private bool _isDone;

    /// <exception cref="TransferException">The folder is not there, may not be written to, or has the name already and must
    /// not.</exception>
    public UnpackedPlace(ReceiveRequest request, string path)
    {
        string name = System.IO.Path.GetFileName(request.Source.TrimEnd('/'));
        bool hasName = name is not ("" or "." or "..");
        Path = Directory.Exists(path) && hasName ? System.IO.Path.Join(path, name) : path.TrimEnd('/');
        _isThere = FileStatus.TryGet(Path, followLink: false, out FileStatus? existing).Ok;
        if (_isThere && request.NoClobber)
        {
            throw FileFailures.DestinationExists(Path);
        }

        // A link is a folder only where the user named it, and not under the source's name.
        if (_isThere && existing!.Kind != DescriptorKind.Directory && (hasName || !Directory.Exists(Path)))
        {
            throw TreeErrors.NotAFolder(Path);
        }

        string parent = _isThere ? Path : System.IO.Path.GetDirectoryName(Path) ?? "/";
        _passingPath = System.IO.Path.Join(parent, _passing.ToString());
        SysResult result = LibC.Open(parent, FolderFlags | (_isThere && hasName ? OpenFlags.NoFollow : 0), out _folder);
        SafeFileHandle top = new();
        result = result.Ok ? LibC.MakeDirectoryAt(_folder, _passing, AllForOwner) : result;
        _isDone = !result.Ok;
        result = result.Ok ? LibC.OpenAt(_folder, _passing, FolderFlags | OpenFlags.NoFollow, 0, out top) : result;
        Top = top;
        if (!result.Ok)
        {
            Dispose();
            throw FileFailures.OpenDestination(Path, result.Errno);
        }
    }

    /// <summary>The tree's path in the end.</summary>
    public string Path { get; }

    /// <summary>The passing folder.</summary>
    public SafeFileHandle Top { get; }

    /// <summary>Gives the tree its name, or moves what is in it into the folder that has the name.</summary>
    /// <param name="force">Whether files that are read-only are replaced.</param>
    /// <exception cref="TransferException">Something is in the way: nothing was moved.</exception>
    public void Commit(bool force)
    {
        if (_isThere)
        {
            var merge = new TreeMerge(force);
            merge.Look(Top, _folder, Path);
            merge.Move(Top, _folder, Path);
            return;
        }

        SysResult renamed = TreeMerge.Closed(_folder, _passing, () => ExclusiveRename.Run(_folder, _passing, System.IO.Path.GetFileName(Path)));
        _isDone = renamed.Ok;
        if (!renamed.Ok)
        {
            throw FileFailures.OpenDestination(Path, renamed.Errno);
        }
    }

    public void Dispose()
    {
        Top.Dispose();
        _folder.Dispose();
        if (!_isDone)
        {
            Remove(_passingPath);
        }
    }

    /// <summary>Removes what is left in the passing folder, also of folders that are closed to their owner by now.</summary>
    private static void Remove(string path)
    {
        try
        {
            foreach (string folder in Directory.EnumerateDirectories(path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
            {
                LibC.Open(folder, OpenFlags.PathOnly | OpenFlags.NoFollow, out SafeFileHandle handle);
                using (handle)
                {
                    LibC.ChangeModeOfPath(handle, AllForOwner);
                }
            }

            Directory.Delete(path, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The error that ended the transfer says more.
        }
    }
}

/// <summary>The names on the way to an entry of a tar stream, from the tree's top.</summary>
internal static class UnpackedPath
{
    private const char NoText = '\uFFFD';

    /// <summary>Takes a path apart.</summary>
    /// <param name="path">As the stream has it.</param>
    /// <param name="host">Whose stream it is.</param>
    /// <returns>The names; none for the tree's top.</returns>
    /// <exception cref="TransferException">It leads out of the tree, or .NET has no string for it.</exception>
    public static IReadOnlyList<FileName> Parse(string path, string host)
    {
        List<FileName> names = [];
        foreach (string name in path.Split('/'))
        {
            if (name == ".." || name.Contains('\0', StringComparison.Ordinal) || path.StartsWith('/'))
            {
                throw new TransferException(TransferErrorId.InvalidPath,
                    $"'{host}' sent '{path}', which leads out of the folder. Nothing was kept.",
                    "See what tar is on that host.", Errno.EINVAL, host);
            }

            if (name is not ("" or "."))
            {
                names.Add(Check(name, host));
            }
        }

        return names;
    }

    /// <exception cref="TransferException">.NET has no string for it.</exception>
    public static string Check(string text, string host) => text.Contains(NoText, StringComparison.Ordinal)
        ? throw new TransferException(TransferErrorId.InvalidPath,
            $"'{text}' on '{host}' is no UTF-8, and cannot be received with its folder. Nothing was kept.",
            "Give it another name there, or receive the other files by their names.",
            Errno.EILSEQ, host)
        : text;
}

/// <summary>Opens folders in a tree that is being made, each in the one before and never through a link: whatever names a stream
/// has, nothing outside is reached. The folders on the way to the last one stay open.</summary>
/// <param name="top">The tree's top, which stays the caller's.</param>
/// <param name="label">The tree's path, for people.</param>
internal sealed class FolderChain(SafeFileHandle top, string label) : IDisposable
{
    private const uint AllForOwner = 0x1C0; // 0700

    private static readonly int FolderFlags = OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow;

    private readonly List<(FileName Name, SafeFileHandle Handle)> _open = [];

    /// <summary>Opens a folder, and makes it where it is not there.</summary>
    /// <param name="names">The way to it.</param>
    /// <returns>The folder, which is open until another one is asked for.</returns>
    /// <exception cref="TransferException">Something else is on the way.</exception>
    public SafeFileHandle Open(IEnumerable<FileName> names)
    {
        int depth = 0;
        SafeFileHandle at = top;
        foreach (FileName name in names)
        {
            if (depth < _open.Count && !_open[depth].Name.Bytes.SequenceEqual(name.Bytes))
            {
                CloseFrom(depth);
            }

            if (depth == _open.Count)
            {
                _open.Add((name, OpenOne(at, name)));
            }

            at = _open[depth++].Handle;
        }

        return at;
    }

    public void Dispose() => CloseFrom(0);

    private SafeFileHandle OpenOne(SafeFileHandle folder, FileName name)
    {
        SysResult opened = LibC.OpenAt(folder, name, FolderFlags, 0, out SafeFileHandle handle);
        if (opened.Errno == Errno.ENOENT && LibC.MakeDirectoryAt(folder, name, AllForOwner).Ok)
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
                $"The stream has something in '{name}', which it has as no folder, below '{label}'. Nothing was kept.",
                "See what tar is on that host.",
                opened.Errno, label)
            : FileFailures.OpenDestination($"{label}/{name}", opened.Errno);
    }

    private void CloseFrom(int depth)
    {
        _open.Skip(depth).ToList().ForEach(folder => folder.Handle.Dispose());
        _open.RemoveRange(depth, _open.Count - depth);
    }
}
