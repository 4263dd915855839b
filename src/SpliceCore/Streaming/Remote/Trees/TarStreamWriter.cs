using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Formats.Tar;
using System.Globalization;
using System.Text;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Writes a tar stream into memory, in one of the two formats that hosts read: pax, and the old format of GNU tar for a
/// tar without pax records (busybox).</summary>
/// <param name="hasAttributes">True if the hosts set extended attributes.</param>
/// <remarks><see href="https://www.gnu.org/software/tar/manual/html_node/Standard.html">The format</see>,
/// <see href="https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html">pax(1)</see></remarks>
internal sealed class TarStreamWriter(bool isPax, bool hasAttributes, IReadOnlyList<HostUpload> uploads)
{
    private const int BlockSize = 512;
    private const int RecordSize = 120 * BlockSize; // as send-tree.sh lets GNU tar read; others read 20 blocks
    private const int NameSize = 100;
    private const int IdSize = 8;
    private const int LengthSize = 12;
    private const uint FileMode = 0x1A4; // 0644
    private const TarEntryType LongName = (TarEntryType)'L';
    private const TarEntryType LongTarget = (TarEntryType)'K';

    private readonly ArrayBufferWriter<byte> _pending = new();
    private readonly ArrayBufferWriter<byte> _records = new();
    private long _taken;

    public IReadOnlyList<HostUpload> Uploads => uploads;

    public bool IsPax => isPax;

    /// <summary>Bytes that were not taken yet.</summary>
    public long PendingLength => _pending.WrittenCount;

    /// <summary>Number of bytes after the header of one more small file that fill a record.</summary>
    public int LeftInRecord
    {
        get
        {
            int headers = (isPax ? 3 : 1) * BlockSize;
            return (int)((RecordSize - ((_taken + PendingLength + headers) % RecordSize)) % RecordSize);
        }
    }

    /// <summary>Returns the mode of an item on the hosts.</summary>
    public uint ModeOf(TarItem item) => hasAttributes ? item.Mode : item.Mode & ~item.MaskBits;

    /// <summary>Adds a header. The content of a regular file follows, and its padding.</summary>
    public void Add(TarItem item)
    {
        if (isPax)
        {
            AddLarge("PaxHeaders"u8.ToArray(), TarEntryType.ExtendedAttributes, Records(item));
        }
        else
        {
            if (item.Path.Length > NameSize)
            {
                AddLarge("././@LongLink"u8.ToArray(), LongName, [.. item.Path, 0]);
            }

            if (item.Target.Length > NameSize)
            {
                AddLarge("././@LongLink"u8.ToArray(), LongTarget, [.. item.Target, 0]);
            }
        }

        AddHeader(item with { Mode = ModeOf(item) });
    }

    /// <summary>Adds a header and the content.</summary>
    public void AddFile(TarItem item, ReadOnlySpan<byte> content)
    {
        Add(item);
        AddContent(content);
    }

    /// <summary>Fills the last block of a content that was sent without this writer.</summary>
    /// <param name="length">The length of the content, in bytes.</param>
    public void AddPadding(long length)
    {
        _taken += length;
        Pad(length);
    }

    /// <summary>Adds two blocks of zeros.</summary>
    public void AddEnd() => _pending.Write(stackalloc byte[2 * BlockSize]);

    /// <summary>Takes the pending bytes, which are valid until more is added.</summary>
    public ReadOnlyMemory<byte> Take()
    {
        ReadOnlyMemory<byte> bytes = _pending.WrittenMemory;
        _taken += bytes.Length;
        _pending.ResetWrittenCount();
        return bytes;
    }

    /// <summary>Adds an entry that describes the next one.</summary>
    private void AddLarge(byte[] name, TarEntryType type, ReadOnlySpan<byte> content)
    {
        AddHeader(new TarItem { Type = type, Path = name, Mode = FileMode, Length = content.Length });
        AddContent(content);
    }

    private void AddContent(ReadOnlySpan<byte> content)
    {
        _pending.Write(content);
        Pad(content.Length);
    }

    private void Pad(long length) => _pending.Write(stackalloc byte[(int)(-length & (BlockSize - 1))]);

    private void AddHeader(TarItem item)
    {
        Span<byte> header = stackalloc byte[BlockSize];
        header.Clear();
        item.Path.AsSpan(0, Math.Min(item.Path.Length, NameSize)).CopyTo(header);
        Put(header.Slice(100, IdSize), item.Mode);
        Put(header.Slice(108, IdSize), item.UserId);
        Put(header.Slice(116, IdSize), item.GroupId);
        Put(header.Slice(124, LengthSize), item.Length);
        Put(header.Slice(136, LengthSize), item.Time.Seconds);
        header[156] = (byte)item.Type;
        item.Target.AsSpan(0, Math.Min(item.Target.Length, NameSize)).CopyTo(header[157..]);
        (isPax ? "ustar\000"u8 : "ustar  "u8).CopyTo(header[257..]);
        Put(header.Slice(329, IdSize), item.Device.Major);
        Put(header.Slice(337, IdSize), item.Device.Minor);

        // The sum of all bytes, with spaces in its own field.
        header.Slice(148, IdSize).Fill((byte)' ');
        int sum = 0;
        foreach (byte one in header)
        {
            sum += one;
        }

        Put(header.Slice(148, IdSize - 1), sum);
        _pending.Write(header);
    }

    /// <summary>Octal digits and a zero; a number that has too many is in a pax record, or binary in the old format.</summary>
    private void Put(Span<byte> field, long value)
    {
        if (IsOctal(value, field.Length))
        {
            for (int i = field.Length - 2; i >= 0; i--, value >>= 3)
            {
                field[i] = (byte)('0' + (value & 7));
            }

            field[^1] = 0;
        }
        else if (isPax)
        {
            Put(field, 0);
        }
        else
        {
            field.Fill((byte)(value < 0 ? 0xFF : 0));
            BinaryPrimitives.WriteInt64BigEndian(field[^sizeof(long)..], value);
            field[0] |= 0x80;
        }
    }

    private static bool IsOctal(long value, int size) => value >= 0 && value >> (3 * (size - 1)) == 0;

    private ReadOnlySpan<byte> Records(TarItem item)
    {
        _records.ResetWrittenCount();
        Span<byte> text = stackalloc byte[40];
        Utf8Formatter.TryFormat(item.Time.ToSeconds(), text, out int count, new StandardFormat('F', 9));
        AddRecord("mtime"u8, text[..count]);
        if (!hasAttributes && (IsLongAndNotAscii(item.Path) || IsLongAndNotAscii(item.Target)))
        {
            // bsdtar would convert the names from UTF-8 to the C locale.
            AddRecord("hdrcharset"u8, "BINARY"u8);
        }

        AddName("path"u8, item.Path);
        AddName("linkpath"u8, item.Target);
        AddNumber("size"u8, item.Length, LengthSize);
        AddNumber("uid"u8, item.UserId, IdSize);
        AddNumber("gid"u8, item.GroupId, IdSize);
        foreach ((FileName name, byte[] value) in item.Attributes)
        {
            AddRecord([.. "SCHILY.xattr."u8, .. Escape(name)], value);
        }

        return _records.WrittenSpan;
    }

    private static bool IsLongAndNotAscii(byte[] name) => name.Length > NameSize && !Ascii.IsValid(name);

    private void AddName(ReadOnlySpan<byte> key, byte[] name)
    {
        if (name.Length > NameSize)
        {
            AddRecord(key, name);
        }
    }

    private void AddNumber(ReadOnlySpan<byte> key, long value, int size)
    {
        if (!IsOctal(value, size))
        {
            AddRecord(key, Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)));
        }
    }

    private void AddRecord(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        // The length counts itself.
        int rest = key.Length + value.Length + 3; // a space, an equals sign and a newline
        int length = rest;
        while (length != rest + Digits(length))
        {
            length = rest + Digits(length);
        }

        Utf8Formatter.TryFormat(length, _records.GetSpan(Digits(length)), out int written);
        _records.Advance(written);
        _records.Write(" "u8);
        _records.Write(key);
        _records.Write("="u8);
        _records.Write(value);
        _records.Write("\n"u8);

        static int Digits(int number)
        {
            int digits = 1;
            for (; number >= 10; number /= 10)
            {
                digits++;
            }

            return digits;
        }
    }

    /// <summary>Escapes the name of an attribute as GNU tar does: an equals sign would end the key.</summary>
    private static IEnumerable<byte> Escape(FileName name) => name.Bytes.ToArray().SelectMany(one => one switch
    {
        (byte)'%' => "%25"u8.ToArray(),
        (byte)'=' => "%3D"u8.ToArray(),
        _ => [one],
    });
}

/// <summary>The content of a header in a tar stream. Names are bytes.</summary>
internal sealed record TarItem
{
    public required TarEntryType Type { get; init; }

    public required byte[] Path { get; init; }

    /// <summary>The target of a link; empty for all others.</summary>
    public byte[] Target { get; init; } = [];

    public uint Mode { get; init; } = 0x180; // 0600

    /// <summary>The bits of <see cref="Mode"/> that only the mask of an access control list sets (acl(5)).</summary>
    public uint MaskBits { get; init; }

    public LibC.StatxTimestamp Time { get; init; }

    public uint UserId { get; init; }

    public uint GroupId { get; init; }

    /// <summary>Number of bytes after the header: 0 for all but regular files.</summary>
    public long Length { get; init; }

    public (uint Major, uint Minor) Device { get; init; }

    /// <summary>Extended attributes.</summary>
    public IReadOnlyList<(FileName Name, byte[] Value)> Attributes { get; init; } = [];
}
