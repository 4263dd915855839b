using System.Buffers;
using System.Formats.Tar;
using System.Globalization;
using System.Text;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>The stream of a folder for hosts that get the same items in the same format.</summary>
/// <param name="plan">The plan for the one host; null if the hosts get everything.</param>
/// <param name="verifies">True if the hosts compare the SHA-256 of what they get.</param>
internal sealed class TreeStream(TarStreamWriter writer, HostTreePlan? plan, bool verifies)
{
    // Lines with the mode, whether the attributes are cleared, the inode on the host, and the name of items whose metadata change.
    private readonly ArrayBufferWriter<byte> _changes = new();
    private long _pendingContent;
    private readonly Stack<bool> _touched = new(); // for each folder that the walk is in, whether something in it is sent

    public TarStreamWriter Writer => writer;

    /// <summary>The SHA-256 of the files in the stream; null if they are not compared.</summary>
    public ChecksumList? Sums { get; } = verifies ? new ChecksumList() : null;

    /// <summary>True if an item goes into the stream.</summary>
    public bool Sends(TreeItem item) => plan?.Sends(item) != false;

    /// <summary>True if the stream needs the folder, or something in it.</summary>
    public bool Needs(TreeItem folder) => plan?.Needs(folder) != false;

    /// <summary>True if only metadata of an item are set.</summary>
    public bool SetsMetadata(TreeItem item) => plan?.Changes(item) == true;

    /// <summary>Adds the header of an item, after which its content follows.</summary>
    public void Add(TarItem tar)
    {
        writer.Add(tar);
        NoteSent(tar);
    }

    public void AddFile(TarItem tar, ReadOnlySpan<byte> content)
    {
        writer.AddFile(tar, content);
        _pendingContent += content.Length;
        NoteSent(tar);
    }

    public void EnterFolder(TreeItem item, TarItem tar)
    {
        if (Sends(item))
        {
            // Other tars than GNU's set the mode of a folder at once.
            Add(writer.IsPax ? tar : tar with { Mode = tar.Mode | LibC.S_IRWXU });
        }

        // The host creates a temporary folder in the top.
        _touched.Push(SetsMetadata(item) || (item.Parent is null && plan?.SetsTimes == true));
    }

    public void LeaveFolder(TreeItem item, TarItem tar)
    {
        bool isTouched = _touched.Pop();
        if (!Sends(item))
        {
            if (isTouched)
            {
                // Its parent is touched by that.
                SetMetadata(item, tar);
            }
        }
        else if (!writer.IsPax)
        {
            // They set its times at once, too, and each item in it changes them.
            writer.Add(tar);
        }
    }

    /// <summary>Adds the metadata of an item that the hosts have: an empty one, beside the tree.</summary>
    public void SetMetadata(TreeItem item, TarItem tar)
    {
        uint mode = writer.ModeOf(tar);
        (bool changesMode, bool changesAttributes, FileIdentity inode) = plan!.ChangesOf(item, ref mode);
        writer.Add(tar with { Path = [.. Encoding.ASCII.GetBytes(HostScript.Attributes), .. item.Path], Mode = mode, Length = 0 });
        // With five digits, the chmod of GNU also clears the set-id bits of a folder.
        string bits = changesMode ? Convert.ToString(mode, toBase: 8).PadLeft(5, '0') : "-";
        string clears = changesAttributes ? "1" : "-";
        _changes.Write(Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"{bits} {clears} {inode.Device}:{inode.Inode} {HostRemovals.NameOf(item.Path)}\n")));

        // The folders on the way to it are created, and would give their metadata to those there.
        Touch(true);
    }

    /// <summary>Adds what follows the items.</summary>
    /// <param name="isPartial">True if items are missing in the stream: what only the host has stays, and the copy is marked.</param>
    public void Complete(bool isPartial)
    {
        if (Sums is not null)
        {
            AddPart(HostScript.Sums, Sums.Plain);
            AddPart(HostScript.EscapedSums, Sums.Escaped);
        }

        if (plan is not null)
        {
            AddPart(HostScript.Changes, _changes.WrittenSpan);
        }

        if (plan?.Removals is { } removals)
        {
            writer.Uploads.ToList().ForEach(upload => upload.Removed = -removals.UpdatedCount);
            AddPart(HostScript.Replaced, removals.ToList(isReplaced: true));
            AddPart(HostScript.Removals, isPartial ? [] : removals.ToList(isReplaced: false));
        }

        if (isPartial)
        {
            AddPart(HostScript.Partial, []);
        }

        AddPart(HostScript.End, []);

        // GNU tar extracts nothing of a record before it has all of it.
        AddPart(HostScript.Filler, new byte[writer.LeftInRecord]);
    }

    /// <summary>Gives the hosts the last part to write, once all have the rest.</summary>
    public void PrepareCommit()
    {
        AddPart(HostScript.Commit, []);
        writer.AddEnd();
        byte[] commit = writer.Take().ToArray();
        writer.Uploads.ToList().ForEach(upload => upload.Commit = commit);
    }

    /// <summary>Counts the content of small files that was written.</summary>
    public void CountSent()
    {
        foreach (HostUpload upload in writer.Uploads.Where(upload => upload.IsReceiving))
        {
            upload.BytesSent += _pendingContent;
        }

        _pendingContent = 0;
    }

    private void AddPart(string name, ReadOnlySpan<byte> content) => writer.AddFile(
        new TarItem { Type = TarEntryType.RegularFile, Path = Encoding.ASCII.GetBytes(name), Length = content.Length }, content);

    private void NoteSent(TarItem tar)
    {
        plan?.NoteSent(tar.Path.AsSpan(HostScript.TreeName.Length));
        Touch(plan?.SetsTimes);
    }

    private void Touch(bool? isTouched)
    {
        if (isTouched == true && _touched.TryPop(out _))
        {
            _touched.Push(true);
        }
    }
}
