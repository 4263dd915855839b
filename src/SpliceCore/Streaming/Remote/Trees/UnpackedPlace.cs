using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Where a tree that is received goes, and the passing folder that it is made in: beside a name that is not there, or in
/// the folder that has the name.</summary>
internal sealed class UnpackedPlace : IDisposable
{
    private const uint AllForOwner = 0x1C0; // 0700

    private static readonly int FolderFlags = OpenFlags.ReadOnly | OpenFlags.Directory;

    private readonly SafeFileHandle _folder;
    private readonly FileName _passing = RemoteName.Passing();
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
            throw Failures.DestinationExists(Path);
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
            throw Failures.OpenDestination(Path, result.Errno);
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
            throw Failures.OpenDestination(Path, renamed.Errno);
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
