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

    public bool WantsExtras { get; init; } = true;

    /// <summary>True if folders with entries give way to files and links.</summary>
    public bool Removes { get; init; }

    /// <summary>Thrown instead of receiving or removing something; null for nothing.</summary>
    public Exception? Fault { get; init; }

    public ConcurrentBag<TreeExtra> Extras { get; } = [];

    public ConcurrentBag<TransferException> Unreadable { get; } = [];

    public void AddExtra(TreeExtra extra)
    {
        if (Fault is not null)
        {
            throw Fault;
        }

        Extras.Add(extra);
    }

    public void AddUnreadable(TransferException exception) => Unreadable.Add(exception);

    public void ThrowIfKept(CopiedEntry entry)
    {
        if (!Removes)
        {
            throw new TransferException(TransferErrorId.DestinationExists, $"'{entry.DestinationPath}' has entries.", "Remove it.", Errno.ENOTEMPTY, entry.DestinationPath);
        }
    }

    public void RemoveDirectory(SafeFileHandle parent, FileName name, CopiedEntry entry)
    {
        if (Fault is not null)
        {
            throw Fault;
        }

        Directory.Delete(Path.Combine(Path.GetDirectoryName(entry.DestinationPath)!, name.ToString()), recursive: true);
    }
}
