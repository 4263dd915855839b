using Microsoft.Win32.SafeHandles;

namespace Splice.TestKit.Trees;

/// <summary>Owners, modes, extended attributes and times.</summary>
internal static class RandomMetadata
{
    private const uint AllBits = 0xFFF;
    private const uint OwnerMayRead = 0x100;
    private const uint OwnerMayDoAll = 0x1C0;

    private static readonly uint[] Ids = [0, 1, 1000, 54321, 65534, 0x80000000, uint.MaxValue - 1];

    private static readonly uint[] FolderModes = [0x1ED, 0x1C0, 0x140, 0, 0x3FF, 0x5FD, 0x1FF, 0x16D];

    /// <summary>VFS_CAP_REVISION_2, effective: permitted CAP_NET_BIND_SERVICE.</summary>
    private static readonly byte[] Capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Gives an entry what it shall have; a folder's own turn is after all that is in it.</summary>
    /// <returns>The kinds that it has become.</returns>
    public static TreeKinds Set(SafeFileHandle folder, ByteString name, uint type, Random random, TreeKinds kinds)
    {
        TreeKinds used = TreeKinds.None;
        if (kinds.HasFlag(TreeKinds.Owners) && random.Next(3) == 0)
        {
            EntryCalls.ChangeOwner(folder, name, Pick(random, Ids), Pick(random, Ids));
            used |= TreeKinds.Owners;
        }

        // After the owner, whose change takes capabilities away, and before the mode, which may forbid it.
        used |= SetAttributes(folder, name, type, random, kinds);
        if (kinds.HasFlag(TreeKinds.Modes) && type != FileTypes.SymbolicLink)
        {
            EntryCalls.ChangeMode(folder, name, Mode(type, random, kinds));
            used |= TreeKinds.Modes | (kinds & TreeKinds.ClosedModes);
        }

        if (kinds.HasFlag(TreeKinds.Times))
        {
            EntryCalls.ChangeTimes(folder, name, Time(random), Time(random));
            used |= TreeKinds.Times;
        }

        return used;
    }

    private static uint Mode(uint type, Random random, TreeKinds kinds)
    {
        uint mode = type == FileTypes.Folder && random.Next(3) > 0 ? Pick(random, FolderModes) : (uint)random.Next((int)AllBits + 1);
        return kinds.HasFlag(TreeKinds.ClosedModes) ? mode
            : mode | (type == FileTypes.Folder ? OwnerMayDoAll : OwnerMayRead);
    }

    /// <summary>At most 3.5 KiB of them: ext4 gives them one block.</summary>
    private static TreeKinds SetAttributes(SafeFileHandle folder, ByteString name, uint type, Random random, TreeKinds kinds)
    {
        TreeKinds used = TreeKinds.None;
        bool isFolder = type == FileTypes.Folder;
        bool isRegular = type == FileTypes.Regular;
        if (Chosen(TreeKinds.UserAttributes, isRegular || isFolder))
        {
            Set("user.text", "some text"u8.ToArray());
            Set("user.empty", []);
            Set("user.big", Noise(2048));
            Set("user." + ByteString.Of([0xFF, 0xFE]), [0, 1, 0]);
            Set("user.with space\nand *", Noise(10));
        }

        if (Chosen(TreeKinds.TrustedAttributes, true))
        {
            Set("trusted.splice", Noise(random.Next(100)));
        }

        if (Chosen(TreeKinds.SecurityAttributes, true))
        {
            Set(isRegular ? "security.capability" : "security.splice", isRegular ? Capability : Noise(random.Next(1, 100)));
        }

        if (Chosen(TreeKinds.AccessLists, type != FileTypes.SymbolicLink))
        {
            Set(AccessList.Access, AccessList.Next(random));
        }

        if (Chosen(TreeKinds.AccessLists, isFolder))
        {
            Set(AccessList.Default, AccessList.Next(random));
        }

        return used;

        bool Chosen(TreeKinds kind, bool fits)
        {
            bool chosen = fits && kinds.HasFlag(kind) && random.Next(4) == 0;
            used |= chosen ? kind : TreeKinds.None;
            return chosen;
        }

        void Set(ByteString attribute, byte[] value) => EntryCalls.SetAttribute(folder, name, attribute, value);

        byte[] Noise(int length)
        {
            byte[] value = new byte[length];
            random.NextBytes(value);
            return value;
        }
    }

    private static FileTime Time(Random random)
    {
        const long Year1902 = -2145916800;
        const long Year1970 = 0;
        const long Year2038 = 1L << 31;
        const long Year2445 = 14989536000;
        return random.Next(6) switch
        {
            0 => new FileTime(random.NextInt64(Year1902, Year1970), Nanoseconds()),
            1 => new FileTime(random.NextInt64(Year2038, Year2445), Nanoseconds()),
            2 => new FileTime(Year1970 - random.Next(2), random.Next(2) * 999_999_999),
            3 => new FileTime(Year2038 - random.Next(2), random.Next(2) * 999_999_999),
            _ => new FileTime(random.NextInt64(Year1970, Year2038), Nanoseconds()),
        };

        int Nanoseconds() => random.Next(1_000_000_000);
    }

    private static uint Pick(Random random, uint[] values) => values[random.Next(values.Length)];
}
