using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>A new file that takes its name only when it is complete: unnamed until then where the file system can
/// (O_TMPFILE), so that nothing is left whatever ends the process; else under a hidden name beside it.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man2/open.2.html">open(2)</see>, O_TMPFILE</remarks>
internal sealed class StagedFile : IDisposable
{
    private const int LinkTries = 100;

    private readonly SafeFileHandle _folder;
    private readonly string _path;
    private readonly string _name;
    private readonly bool _isNew;
    private readonly CancellationToken _cancellation;
    private string? _temporaryName;

    private StagedFile(SafeFileHandle folder, DestinationPath destination, CancellationToken cancellation)
    {
        _folder = folder;
        _path = destination.Path;
        _name = destination.Name;
        _isNew = destination.Existing is null;
        _cancellation = cancellation;
        Handle = null!;
    }

    /// <summary>The file, open for writing.</summary>
    public SafeFileHandle Handle { get; private set; }

    /// <summary>Makes the file beside where it will be.</summary>
    /// <param name="destination">Where it will be.</param>
    /// <param name="mode">Its permission bits, of which the umask takes its share.</param>
    /// <param name="cancellation">Once cancelled, nobody waits for the file to be thrown away.</param>
    public static StagedFile Create(DestinationPath destination, uint mode, CancellationToken cancellation)
    {
        SysResult opened = LibC.Open(
            destination.Folder, OpenFlags.PathOnly | OpenFlags.Directory, out SafeFileHandle folder);
        if (!opened.Ok)
        {
            throw Failures.OpenDestination(destination.Path, opened.Errno);
        }

        var staged = new StagedFile(folder, destination, cancellation);
        try
        {
            staged.Open(mode);
            return staged;
        }
        catch
        {
            staged.Dispose();
            throw;
        }
    }

    /// <summary>Gives the file its name, in one step.</summary>
    /// <param name="replace">Whether a file that has the name is replaced; otherwise it is an error.</param>
    public void Commit(bool replace)
    {
        SysResult result = _temporaryName is null ? Link(replace) : Rename(replace);
        if (!result.Ok)
        {
            throw Failures.OpenDestination(_path, result.Errno);
        }

        _temporaryName = null;
    }

    /// <summary>Without a commit, nothing remains.</summary>
    public void Dispose()
    {
        if (_temporaryName is not null)
        {
            LibC.UnlinkAt(_folder, _temporaryName);
        }

        _folder.Dispose();
        if (_cancellation.IsCancellationRequested)
        {
            // The last close of a nameless file frees its blocks, which takes seconds for many GiB.
            ThreadPool.UnsafeQueueUserWorkItem(static handle => handle?.Dispose(), Handle, preferLocal: false);
        }
        else
        {
            Handle?.Dispose();
        }
    }

    private void Open(uint mode)
    {
        SysResult result = LibC.OpenAt(
            _folder, ".", OpenFlags.TemporaryFile | OpenFlags.WriteOnly, mode, out SafeFileHandle handle);

        // EISDIR: a kernel, or a file system below an overlay, that does not know the flag.
        if (result.Errno is Errno.EOPNOTSUPP or Errno.EISDIR or Errno.EINVAL)
        {
            _temporaryName = TemporaryName();
            result = LibC.OpenAt(
                _folder, _temporaryName, OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.WriteOnly, mode, out handle);
        }

        Handle = handle;
        if (!result.Ok)
        {
            _temporaryName = null;
            throw Failures.OpenDestination(_path, result.Errno);
        }
    }

    private SysResult Link(bool replace)
    {
        SysResult result = _isNew || !replace
            ? LibC.LinkUnnamed(Handle, _folder, _name)
            : new SysResult(-1, Errno.EEXIST); // as was seen before the copy
        for (int i = 0; replace && result.Errno == Errno.EEXIST && i < LinkTries; i++)
        {
            // linkat(2) replaces nothing: the file gets a passing name, and rename(2) puts it in place.
            string passing = TemporaryName();
            result = LibC.LinkUnnamed(Handle, _folder, passing);
            if (result.Ok)
            {
                _temporaryName = passing;
                return Rename(replace);
            }
        }

        return result;
    }

    private SysResult Rename(bool replace)
    {
        if (replace)
        {
            return LibC.RenameAt(_folder, _temporaryName!, _name);
        }

        SysResult result = LibC.RenameAtNoReplace(_folder, _temporaryName!, _name);
        if (result.Errno is Errno.EINVAL or Errno.ENOSYS)
        {
            // NFS, for one, knows no such rename; but link(2) never replaces.
            result = LibC.LinkAt(_folder, _temporaryName!, _name);
            if (result.Ok)
            {
                LibC.UnlinkAt(_folder, _temporaryName!);
            }
        }

        return result;
    }

    private static string TemporaryName() =>
        string.Create(CultureInfo.InvariantCulture, $".splice-{Random.Shared.NextInt64():x16}.tmp");
}
