using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>An item of a tree that is sent.</summary>
/// <param name="Folder">The folder that it is in, open; the tree's top has itself.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Path">Its path from the tree's top: nothing for the top itself, else with a slash at the beginning.</param>
/// <param name="Status">What it is.</param>
/// <param name="Root">The path of the tree's top.</param>
/// <param name="IsLeft">Whether this is a folder that all items in it have come of.</param>
internal sealed record TreeItem(SafeFileHandle Folder, FileName Name, byte[] Path, FileStatus Status, string Root, bool IsLeft = false)
{
    /// <summary>Its path here, for people.</summary>
    public string Label => Root.TrimEnd('/') + Encoding.UTF8.GetString(Path);

    /// <summary>Opens the item itself, and never what has come into its place.</summary>
    /// <param name="flags">How; what is read is opened with O_NONBLOCK.</param>
    /// <param name="cancellation">Ends the wait for a lease.</param>
    /// <exception cref="TransferException">It cannot be opened, or is another one by now.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public SafeFileHandle Open(int flags, CancellationToken cancellation = default)
    {
        SysResult opened = LeasedFile.OpenAt(Folder, Name, flags | OpenFlags.NoFollow, cancellation, out SafeFileHandle handle);
        if (opened.Ok && FileStatus.TryGet(handle, out FileStatus? status).Ok && status!.Inode == Status.Inode)
        {
            return handle;
        }

        handle.Dispose();
        throw opened.Ok || opened.Errno is Errno.ELOOP or Errno.ENOENT
            ? Copying.Trees.TreeErrors.Moved(Label)
            : Failures.OpenSource(Label, opened.Errno);
    }
}
