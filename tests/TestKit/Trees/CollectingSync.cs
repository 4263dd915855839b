using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using Splice.Copying.Trees;
using Splice.Interop;
using CopiedEntry = Splice.Copying.Trees.TreeEntry;

namespace Splice.TestKit.Trees;

/// <summary>A synchronization that keeps what it receives, and removes only folders in the way.</summary>
internal sealed class CollectingSync : ITreeSync
{
    public bool IsExistingOnly { get; init; }

    /// <summary>True if folders with entries give way to files and links.</summary>
    public bool Removes { get; init; }

    /// <summary>Thrown where a folder is in the way; null for nothing.</summary>
    public Exception? Fault { get; init; }

    /// <summary>Called where a folder is in the way.</summary>
    public Action? Met { get; init; }

    public ConcurrentBag<TransferException> Unreadable { get; } = [];

    public void AddUnreadable(TransferException exception) => Unreadable.Add(exception);

    public void ThrowIfKept(CopiedEntry entry)
    {
        Met?.Invoke();
        if (Fault is not null)
        {
            throw Fault;
        }

        if (!Removes)
        {
            throw new TransferException(TransferErrorId.DestinationExists, $"'{entry.DestinationPath}' has entries.", "Remove it.", Errno.ENOTEMPTY, entry.DestinationPath);
        }
    }

    public void RemoveDirectory(SafeFileHandle parent, FileName name, CopiedEntry entry)
    {
        Directory.Delete(Path.Combine(Path.GetDirectoryName(entry.DestinationPath)!, name.ToString()), recursive: true);
    }
}
