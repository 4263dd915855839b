using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice;

/// <summary>Where the sources of a command go. Several sources go into a folder, which is made for the first of them if it is
/// missing. A device or a FIFO takes one after the other.</summary>
public sealed class CopyTarget
{
    private const uint DefaultMode = 0x1FF; // 0777, of which the umask takes its share

    // A million paths are remembered as so many hashes.
    private readonly HashSet<UInt128> _taken = [];
    private bool _isFolder;

    /// <summary>Looks what is there.</summary>
    /// <param name="path">The destination.</param>
    /// <param name="forSeveral">Whether several sources go there; one goes wherever the path leads.</param>
    public CopyTarget(string path, bool forSeveral)
    {
        Path = path;
        if (!forSeveral)
        {
            return;
        }

        SysResult looked = FileStatus.TryGet(path, followLink: true, out FileStatus? status);
        _isFolder = status?.Kind == DescriptorKind.Directory;
        IsMissing = looked.Errno == Errno.ENOENT;
        Failure = status?.Kind == DescriptorKind.Regular ? TreeErrors.NoFolderForSeveral(path) : null;
    }

    /// <summary>The destination.</summary>
    public string Path { get; }

    /// <summary>True if the folder that the sources go into has yet to be made.</summary>
    public bool IsMissing { get; private set; }

    /// <summary>Why no source can go there; null where it can.</summary>
    public TransferException? Failure { get; }

    /// <summary>Where a source would go: its path in the folder that has yet to be made, or else the destination.</summary>
    /// <param name="source">The source.</param>
    public string Forecast(string source) => IsMissing ? System.IO.Path.Join(Path, System.IO.Path.GetFileName(source.TrimEnd('/'))) : Path;

    /// <summary>True if a source comes for the first time. It goes into a folder once.</summary>
    /// <param name="source">The source.</param>
    public bool IsFirst(string source) =>
        !(_isFolder || IsMissing)
        || _taken.Add(BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(MemoryMarshal.AsBytes(source.TrimEnd('/').AsSpan()))));

    /// <summary>Makes the folder if it is missing.</summary>
    /// <exception cref="TransferException">It cannot be made.</exception>
    public void Make()
    {
        if (!IsMissing)
        {
            return;
        }

        string path = Path.TrimEnd('/');
        SysResult opened = LibC.Open(
            System.IO.Path.GetDirectoryName(path) ?? "/", OpenFlags.PathOnly | OpenFlags.Directory, out SafeFileHandle above);
        using (above)
        {
            SysResult made = opened.Ok ? LibC.MakeDirectoryAt(above, System.IO.Path.GetFileName(path), DefaultMode) : opened;
            if (!made.Ok && !(made.Errno == Errno.EEXIST && Directory.Exists(path)))
            {
                throw made.Errno == Errno.EEXIST ? TreeErrors.NoFolderForSeveral(path) : FileFailures.OpenDestination(path, made.Errno);
            }
        }

        IsMissing = false;
        _isFolder = true;
    }
}
