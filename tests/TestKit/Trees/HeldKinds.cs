using Microsoft.Win32.SafeHandles;

namespace Splice.TestKit.Trees;

/// <summary>Finds out what a file system holds.</summary>
internal static class HeldKinds
{
    private static readonly ByteString Probe = "probe";

    /// <summary>The kinds that this process can make in a folder and finds there again.</summary>
    public static TreeKinds Of(string folder)
    {
        using var workspace = new Workspace(folder);
        using SafeFileHandle handle = EntryCalls.OpenFolder(workspace.Folder);
        TreeKinds held = Posix.IsRoot ? TreeKinds.ClosedModes : TreeKinds.None;
        foreach ((TreeKinds kind, Func<SafeFileHandle, bool> isHeld) in Probes)
        {
            try
            {
                EntryCalls.WriteFile(handle, "file", "content"u8);
                held |= isHeld(handle) ? kind : TreeKinds.None;
            }
            catch (CallFailedException)
            {
                // The file system or the process's rights say no: it is not held.
            }

            foreach (ByteString name in EntryCalls.Names(handle))
            {
                EntryCalls.Remove(handle, name);
            }
        }

        return held;
    }

    private static IEnumerable<(TreeKinds Kind, Func<SafeFileHandle, bool> IsHeld)> Probes =>
    [
        (TreeKinds.Holes, HasHoles),
        (TreeKinds.Preallocation, IsPreallocated),
        (TreeKinds.SymbolicLinks, folder => HasTarget(folder, 10)),
        (TreeKinds.LongTargets, folder => HasTarget(folder, 4000)),
        (TreeKinds.HardLinks, IsLinked),
        (TreeKinds.Fifos, folder => HasNode(folder, FileTypes.Fifo)),
        (TreeKinds.Sockets, folder => HasNode(folder, FileTypes.Socket)),
        (TreeKinds.Devices, folder => HasNode(folder, FileTypes.BlockDevice)),
        (TreeKinds.OddNames, HasOddName),
        (TreeKinds.Modes, HasMode),
        (TreeKinds.Owners, HasOwner),
        (TreeKinds.Times, folder => HasTime(folder, new FileTime(-2145916799, 1)) && HasTime(folder, new FileTime(14989535999, 999999999))),
        (TreeKinds.UserAttributes, folder => HasAttribute(folder, "user.probe", [1])),
        (TreeKinds.TrustedAttributes, folder => HasAttribute(folder, "trusted.probe", [1])),
        (TreeKinds.SecurityAttributes, folder => HasAttribute(folder, "security.probe", [1])),
        (TreeKinds.AccessLists, folder => HasAttribute(folder, AccessList.Access, AccessList.WithUser(12345, 5))),
    ];

    private static bool HasHoles(SafeFileHandle folder)
    {
        const int MiB = 1 << 20;
        using SafeFileHandle file = EntryCalls.OpenFile(folder, Probe);
        RandomAccess.SetLength(file, MiB);
        RandomAccess.Write(file, [1], MiB);
        EntryCalls.SyncFileSystem(folder);
        return EntryCalls.Status(folder, Probe).Blocks < MiB / 512;
    }

    private static bool IsPreallocated(SafeFileHandle folder)
    {
        using SafeFileHandle file = EntryCalls.OpenFile(folder, Probe);
        EntryCalls.Preallocate(file, 0, 1 << 16, keepSize: true);
        return true;
    }

    private static bool HasTarget(SafeFileHandle folder, int length)
    {
        ByteString target = ByteString.Of(Enumerable.Repeat((byte)'t', length).ToArray());
        EntryCalls.MakeSymbolicLink(folder, Probe, target);
        return EntryCalls.LinkTarget(folder, Probe) == target;
    }

    private static bool IsLinked(SafeFileHandle folder)
    {
        EntryCalls.MakeHardLink(folder, "file", folder, Probe);
        return EntryCalls.Status(folder, Probe).LinkCount == 2;
    }

    private static bool HasNode(SafeFileHandle folder, uint type)
    {
        EntryCalls.MakeNode(folder, Probe, type | 0x180, 7, 300);
        return (EntryCalls.Status(folder, Probe).Mode & FileTypes.Mask) == type;
    }

    private static bool HasOddName(SafeFileHandle folder)
    {
        ByteString name = ByteString.Of([.. "*\n?\\ "u8, 0xFF, 0xFE]);
        EntryCalls.WriteFile(folder, name, default);
        return EntryCalls.Names(folder).Contains(name);
    }

    private static bool HasMode(SafeFileHandle folder)
    {
        EntryCalls.ChangeMode(folder, "file", 0xF48);
        return (EntryCalls.Status(folder, "file").Mode & 0xFFF) == 0xF48;
    }

    private static bool HasOwner(SafeFileHandle folder)
    {
        EntryCalls.ChangeOwner(folder, "file", uint.MaxValue - 1, 54321);
        return EntryCalls.Status(folder, "file").UserId == uint.MaxValue - 1;
    }

    private static bool HasTime(SafeFileHandle folder, FileTime time)
    {
        EntryCalls.ChangeTimes(folder, "file", time, time);
        return FileTime.Of(EntryCalls.Status(folder, "file").ModificationTime) == time;
    }

    private static bool HasAttribute(SafeFileHandle folder, ByteString name, byte[] value)
    {
        EntryCalls.SetAttribute(folder, "file", name, value);
        return EntryCalls.Attributes(folder, "file").ContainsKey(name);
    }
}
