using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Measuring;

/// <summary>A folder that files are made in which nobody is to see.</summary>
internal sealed class TestFolder : IDisposable
{
    private const uint PrivateMode = 0x180; // 0600

    private readonly Place _place;

    private TestFolder(string path, SafeFileHandle handle, FileStatus status)
    {
        Path = path;
        Handle = handle;
        Device = status.Inode.Device;
        _place = new Place(handle, "unnamed", Existing: null, path, MayReplace: false);
    }

    public string Path { get; }

    public SafeFileHandle Handle { get; }

    /// <summary>The device of its file system.</summary>
    public ulong Device { get; }

    /// <summary>Opens a folder.</summary>
    /// <exception cref="TransferException">There is no such folder.</exception>
    public static TestFolder Open(string path)
    {
        PathCheck.Name(path);
        SysResult result = LibC.Open(path, OpenFlags.PathOnly | OpenFlags.Directory, out SafeFileHandle handle);
        FileStatus? status = null;
        if (result.Ok)
        {
            result = FileStatus.TryGet(handle, out status);
        }

        if (!result.Ok)
        {
            handle.Dispose();
            throw Failures.OpenFolder(path, result.Errno);
        }

        return new TestFolder(path, handle, status!);
    }

    /// <summary>Makes a file that goes when it is disposed.</summary>
    /// <exception cref="TransferException">The user may not, or the file system is full.</exception>
    public StagedFile NewFile(CancellationToken cancellation) =>
        StagedFile.Create(_place, PrivateMode, cancellation, OpenFlags.ReadWrite);

    public void Dispose() => Handle.Dispose();
}
