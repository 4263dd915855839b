using System.Formats.Tar;
using System.Globalization;
using System.Text;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>What a header in a tar stream says. Names are bytes.</summary>
internal sealed record TarItem
{
    public required TarEntryType Type { get; init; }

    public required byte[] Path { get; init; }

    /// <summary>Where a link leads; nothing for all others.</summary>
    public byte[] Target { get; init; } = [];

    public uint Mode { get; init; } = 0x180; // 0600

    /// <summary>The bits of <see cref="Mode"/> that only the mask of an access control list sets (acl(5)).</summary>
    public uint MaskBits { get; init; }

    public LibC.StatxTimestamp Time { get; init; }

    public uint UserId { get; init; }

    public uint GroupId { get; init; }

    /// <summary>The bytes that follow the header; 0 for all that is no regular file.</summary>
    public long Length { get; init; }

    /// <summary>A device's number.</summary>
    public (uint Major, uint Minor) Device { get; init; }

    /// <summary>Extended attributes.</summary>
    public IReadOnlyList<(FileName Name, byte[] Value)> Attributes { get; init; } = [];

    /// <summary>What pax records say beyond what the library knows to say.</summary>
    public IReadOnlyList<(byte[] Key, byte[] Value)> Records
    {
        get
        {
            decimal time = Time.Seconds + (Time.Nanoseconds / 1_000_000_000m);
            List<(byte[], byte[])> records = [("mtime"u8.ToArray(), Text(time.ToString("0.000000000", CultureInfo.InvariantCulture)))];
            if (UserId > int.MaxValue)
            {
                records.Add(("uid"u8.ToArray(), Text(UserId.ToString(CultureInfo.InvariantCulture))));
            }

            if (GroupId > int.MaxValue)
            {
                records.Add(("gid"u8.ToArray(), Text(GroupId.ToString(CultureInfo.InvariantCulture))));
            }

            records.AddRange(Attributes.Select(attribute => (KeyOf(attribute.Name), attribute.Value)));
            return records;
        }
    }

    /// <summary>As GNU tar calls it: an equals sign would end the key.</summary>
    private static byte[] KeyOf(FileName name)
    {
        List<byte> key = [.. "SCHILY.xattr."u8];
        foreach (byte one in name.Bytes)
        {
            key.AddRange(one switch
            {
                (byte)'%' => "%25"u8,
                (byte)'=' => "%3D"u8,
                _ => [one],
            });
        }

        return [.. key];
    }

    private static byte[] Text(string text) => Encoding.ASCII.GetBytes(text);
}
