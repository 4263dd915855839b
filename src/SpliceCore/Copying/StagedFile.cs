using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>A new file that gets its name when it is complete. Until then it is unnamed if the file system supports that
/// (O_TMPFILE), so that nothing is left if the process is killed; otherwise it has a temporary name beside the destination.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man2/open.2.html">open(2)</see>, O_TMPFILE</remarks>
internal sealed class StagedFile : ITargetFile
{
    private const int LinkTries = 100;
    private static readonly FileName ThisFolder = ".";

    private readonly DestinationEntry _place;
    private readonly CancellationToken _cancellation;
    private FileName? _temporaryName;
    private bool _isLocked;

    private StagedFile(DestinationEntry place, CancellationToken cancellation)
    {
        _place = place;
        _cancellation = cancellation;
        Handle = null!;
    }

    public SafeFileHandle Handle { get; private set; }

    /// <summary>True if it has no name yet, not even a temporary one.</summary>
    public bool IsUnnamed => _temporaryName is null;

    /// <summary>Called before the file gets its name if it had to be recreated and has another <see cref="Handle"/>.</summary>
    public Action? WhenRecreated { get; set; }

    /// <summary>Receives the metadata that a recreated file does not get.</summary>
    public MetadataWarnings MetadataWarnings { get; set; } = new();

    /// <summary>Creates the file in the directory of the destination, which must stay open.</summary>
    /// <param name="cancellation">Once cancelled, the file is discarded in the background.</param>
    /// <param name="access">O_WRONLY, or O_RDWR if it is read as well.</param>
    /// <param name="hiddenMode">Permission bits with a temporary name; null for the same.</param>
    public static StagedFile Create(
        DestinationEntry place, uint mode, CancellationToken cancellation, int access = LibC.O_WRONLY, uint? hiddenMode = null)
    {
        var staged = new StagedFile(place, cancellation);
        try
        {
            staged.Open(mode, hiddenMode ?? mode, access);
            return staged;
        }
        catch
        {
            staged.Dispose();
            throw;
        }
    }

    /// <summary>Renames a file of the directory to the destination.</summary>
    public static SysResult Rename(DestinationEntry place, FileName from, bool replace) => replace
        ? LibC.RenameAt(place.Folder, from, place.Name)
        : ExclusiveRename.Run(place.Folder, from, place.Name);

    public void Commit(bool replace)
    {
        SysResult result = _temporaryName is FileName name ? Rename(_place, name, replace) : Link(replace);
        if (IsUnnamed && UnlinkableFileSystems.IsRefusal(result.Errno) && TryRecreate())
        {
            WhenRecreated?.Invoke();
            result = Rename(_place, _temporaryName!.Value, replace);
            UnlinkableFileSystems.Add(_place.Folder);
        }

        if (!result.Ok)
        {
            throw _place.NameFailure(result.Errno);
        }

        _temporaryName = null;
        Unlock();
    }

    /// <summary>Lets programs open the file that open none with a lock, as .NET does.</summary>
    public void Unlock()
    {
        if (_isLocked)
        {
            LibC.Unlock(Handle);
            _isLocked = false;
        }
    }

    /// <summary>Gives the file its name, or a free one beside it if another program has taken the name: its content cannot be written
    /// a second time.</summary>
    public void CommitOrKeep(bool replace)
    {
        try
        {
            Commit(replace);
        }
        catch (TransferException exception) when (exception.Errno == Errno.EEXIST)
        {
            FileName kept = KeptName(_place.Name);
            SysResult result = _temporaryName is FileName hidden ? ExclusiveRename.Run(_place.Folder, hidden, kept) : LibC.LinkOpen(Handle, _place.Folder, kept);
            if (!result.Ok)
            {
                throw;
            }

            _temporaryName = null;
            throw exception.Adding($"The bytes written so far are kept as '{kept}' in the same folder.");
        }
    }

    /// <summary>Without a commit, removes the file.</summary>
    public void Dispose()
    {
        if (_temporaryName is FileName name)
        {
            LibC.UnlinkAt(_place.Folder, name);
        }

        if (_cancellation.IsCancellationRequested)
        {
            // The last close of an unnamed file frees its blocks, which takes seconds for many GiB.
            ThreadPool.UnsafeQueueUserWorkItem(static handle => handle?.Dispose(), Handle, preferLocal: false);
        }
        else
        {
            Handle?.Dispose();
        }
    }

    private void Open(uint mode, uint hiddenMode, int access)
    {
        bool mayBeUnnamed = !UnlinkableFileSystems.Contains(_place.Folder);
        SysResult result = new(-1, Errno.EOPNOTSUPP);
        SafeFileHandle? handle = null;
        if (mayBeUnnamed)
        {
            result = LibC.OpenAt(_place.Folder, ThisFolder, LibC.O_TMPFILE | access, mode, out handle);
        }

        // EISDIR: the kernel, or a file system below an overlay, does not support the flag.
        if (result.Errno is Errno.EOPNOTSUPP or Errno.EISDIR or Errno.EINVAL)
        {
            handle?.Dispose();
            result = CreateHidden(hiddenMode, access, out handle);
        }

        Handle = handle!;
        if (!result.Ok)
        {
            throw FileFailures.OpenDestination(_place.Path, result.Errno);
        }

        TransferTrace.Current?.Note(_temporaryName is FileName hidden
            ? $"{_place.Path}: is written as the temporary file '{hidden}' beside it, since the file system does not support unnamed files, and renamed at the end"
            : $"{_place.Path}: is written as an unnamed file (O_TMPFILE), and named at the end");
    }

    private SysResult CreateHidden(uint mode, int access, out SafeFileHandle handle)
    {
        FileName name = TemporaryName();
        SysResult result = LibC.OpenAt(_place.Folder, name, LibC.O_CREAT | LibC.O_EXCL | access, mode, out handle);
        _temporaryName = result.Ok ? name : default(FileName?);
        if (result.Ok)
        {
            // Another process that sees the name also sees that the file is in use.
            _isLocked = LibC.Lock(handle).Ok;
        }

        return result;
    }

    /// <summary>Copies the unnamed file, with its metadata, to one with a temporary name.</summary>
    private bool TryRecreate()
    {
        SysResult result = FileStatus.TryGet(Handle, out FileStatus? status);
        result = result.Ok ? LibC.ChangeMode(Handle, ModeBits.Private) : result;
        if (!result.Ok || !LibC.Open(LibC.PathOf(Handle), LibC.O_RDONLY, out SafeFileHandle unnamed).Ok)
        {
            return false;
        }

        using (unnamed)
        {
            if (!CreateHidden(ModeBits.Private, LibC.O_RDWR, out SafeFileHandle named).Ok)
            {
                return false;
            }

            Handle.Dispose();
            Handle = named;
            TransferTrace.Current?.Note(
                $"{_place.Path}: the file system cannot name an unnamed file (linkat(2)), so it is copied again, to the temporary file '{_temporaryName}' beside it");
            var spec = new TransferSpec { Offset = 0, DestinationOffset = 0, Length = status!.Size, RequiresAll = true, AllowsChanging = true };
            using var run = new TransferRun(
                Descriptor.OfOpened(unnamed, _place.Label, LibC.O_RDONLY), Descriptor.OfNewFile(named, _place.Label),
                spec, new TransferMonitor(Cancellation: _cancellation), new TransferCounters());
            run.Run();
            Metadata.Set(named, _place.Label, unnamed, status, PreserveAttributes.All, isPath: false, MetadataWarnings);
            return true;
        }
    }

    private SysResult Link(bool replace)
    {
        SysResult result = !replace
            ? LibC.LinkOpen(Handle, _place.Folder, _place.Name)
            : new SysResult(-1, Errno.EEXIST); // known before the copy
        for (int i = 0; replace && result.Errno == Errno.EEXIST && i < LinkTries; i++)
        {
            // linkat(2) does not replace: the file gets a temporary name, and rename(2) replaces.
            FileName temporary = TemporaryName();
            result = LibC.LinkOpen(Handle, _place.Folder, temporary);
            if (result.Ok)
            {
                _temporaryName = temporary;
                return Rename(_place, temporary, replace);
            }
        }

        return result;
    }

    /// <summary>Returns a random name for an item that is kept beside another one, whose name it begins with. It is not a temporary name.</summary>
    public static FileName KeptName(FileName other)
    {
        const int LongestName = 255; // NAME_MAX
        string suffix = string.Create(CultureInfo.InvariantCulture, $".splice-{Random.Shared.NextInt64():x16}");
        ReadOnlySpan<byte> name = other.Bytes;
        return new FileName([.. name[..Math.Min(name.Length, LongestName - suffix.Length)], .. Encoding.ASCII.GetBytes(suffix)]);
    }

    /// <summary>Returns a random temporary name.</summary>
    public static FileName TemporaryName() =>
        string.Create(CultureInfo.InvariantCulture, $".splice-{Random.Shared.NextInt64():x16}.tmp");
}

/// <summary>File that a destination writer writes to.</summary>
internal interface ITargetFile : IDisposable
{
    SafeFileHandle Handle { get; }

    /// <summary>Gives a new file its name atomically. An existing file is an error unless it is to be replaced.</summary>
    void Commit(bool replace)
    {
    }

    /// <summary>Cleans up after a failure.</summary>
    /// <returns>A sentence on what is left of the file; null if there is nothing to report.</returns>
    string? Abandon(long? good) => null;
}

/// <summary>File systems on which linkat(2) of an unnamed file (O_TMPFILE) failed: overlays, FUSE, and what a security module
/// forbids. New files get a temporary name there from the start.</summary>
internal static class UnlinkableFileSystems
{
    private static volatile ulong[] _devices = [];

    /// <summary>True if linkat(2) failed because of the file, not of the name.</summary>
    public static bool IsRefusal(Errno errno) => errno
        is Errno.EXDEV or Errno.EPERM or Errno.EACCES or Errno.EOPNOTSUPP or Errno.ENOENT or Errno.ENOSYS or Errno.EINVAL;

    public static bool Contains(SafeHandle folder) =>
        _devices.Length > 0 && FileStatus.TryGet(folder, out FileStatus? status).Ok && Array.IndexOf(_devices, status!.Inode.Device) >= 0;

    public static void Add(SafeHandle folder)
    {
        if (FileStatus.TryGet(folder, out FileStatus? status).Ok)
        {
            // One that another thread adds at the same time may be lost: its next file finds it again.
            _devices = [.. _devices, status!.Inode.Device];
        }
    }
}
