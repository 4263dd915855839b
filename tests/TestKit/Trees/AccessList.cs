using System.Buffers.Binary;

namespace Splice.TestKit.Trees;

/// <summary>POSIX access control lists as the kernel takes them (linux/posix_acl_xattr.h).</summary>
internal static class AccessList
{
    public static readonly ByteString Access = "system.posix_acl_access";
    public static readonly ByteString Default = "system.posix_acl_default";

    private const uint NoId = uint.MaxValue;

    /// <summary>A list that gives one user something of its own.</summary>
    public static byte[] WithUser(uint user, ushort permissions) =>
        Of((1, 7, NoId), (2, permissions, user), (4, 5, NoId), (16, 7, NoId), (32, 4, NoId));

    /// <summary>A list with one user, and permissions of everyone.</summary>
    public static byte[] WithUser(uint user, ushort owner, ushort permissions, ushort group, ushort mask, ushort other) =>
        Of((1, owner, NoId), (2, permissions, user), (4, group, NoId), (16, mask, NoId), (32, other, NoId));

    /// <summary>A list with some users and groups; it never says less than that the owner may do everything.</summary>
    public static byte[] Next(Random random)
    {
        var entries = new List<(ushort Tag, ushort Permissions, uint Id)> { (1, 7, NoId) };
        AddIds(2, random.Next(1, 4));
        entries.Add((4, Permissions(), NoId));
        AddIds(8, random.Next(3));
        entries.Add((16, Permissions(), NoId));
        entries.Add((32, Permissions(), NoId));
        return Of([.. entries]);

        ushort Permissions() => (ushort)random.Next(8);

        void AddIds(ushort tag, int count)
        {
            uint id = 0;
            for (int i = 0; i < count; i++)
            {
                id += (uint)random.Next(1, 100_000);
                entries.Add((tag, Permissions(), id));
            }
        }
    }

    /// <param name="entries">Tags: 1 the owner, 2 a user, 4 the group, 8 a group, 16 the mask, 32 everyone else; in this order.</param>
    private static byte[] Of(params (ushort Tag, ushort Permissions, uint Id)[] entries)
    {
        byte[] list = new byte[4 + (8 * entries.Length)];
        BinaryPrimitives.WriteUInt32LittleEndian(list, 2);
        for (int i = 0; i < entries.Length; i++)
        {
            Span<byte> entry = list.AsSpan(4 + (8 * i));
            BinaryPrimitives.WriteUInt16LittleEndian(entry, entries[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], entries[i].Permissions);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], entries[i].Id);
        }

        return list;
    }
}
