using System.Buffers.Text;
using System.Formats.Tar;
using System.Globalization;
using System.Numerics;
using System.Text;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Reads the headers of a tar stream in the formats of <see cref="TarStreamWriter"/>. Names are bytes, and extended headers
/// are limited: one can announce a name of 8 GiB.</summary>
/// <param name="skipsZeros">True to skip what fills the record of a stream before.</param>
internal sealed class TarStreamReader(SessionStream stream, bool skipsZeros = false)
{
    private const int BlockSize = 512;
    private const int MaxExtended = 1 << 20;
    private const string AttributePrefix = "SCHILY.xattr.";

    private readonly byte[] _header = new byte[BlockSize];
    private readonly Dictionary<string, byte[]> _records = [];
    private int _padding;
    private bool _hasBegun;

    /// <summary>Reads the next header; null at the end. The content of the item before it was read.</summary>
    /// <exception cref="InvalidDataException">It is not a header, or its extended headers are too long.</exception>
    /// <exception cref="EndOfStreamException">The stream ended before a block of zeros.</exception>
    public TarItem? Read()
    {
        _records.Clear();
        stream.ReadExactly(_header.AsSpan(0, _padding));
        for (long total = 0; ;)
        {
            stream.ReadExactly(_header);
            if (!_header.AsSpan().ContainsAnyExcept((byte)0))
            {
                if (skipsZeros && !_hasBegun)
                {
                    continue;
                }

                return null;
            }

            _hasBegun = true;

            int sum = _header.Where((_, i) => i is < 148 or >= 156).Sum(one => one) + (8 * ' ');
            ThrowIf(sum != Number(148, 8), "A header has a wrong checksum.");
            var type = (TarEntryType)_header[156];
            long length = Number(124, 12);
            if (type is not (TarEntryType.ExtendedAttributes or TarEntryType.GlobalExtendedAttributes or TarEntryType.LongPath or TarEntryType.LongLink))
            {
                return Item(type, (long?)Decimal("size") ?? length);
            }

            ThrowIf(length is < 0 or > MaxExtended || (total += BlockSize + length) > MaxExtended, "The extended headers of an item exceed 1 MiB.");
            byte[] content = new byte[length];
            stream.ReadExactly(content);
            stream.ReadExactly(_header.AsSpan(0, PaddingOf(length)));
            if (type == TarEntryType.ExtendedAttributes)
            {
                AddRecords(content);
            }
            else if (type != TarEntryType.GlobalExtendedAttributes)
            {
                _records[type == TarEntryType.LongPath ? "path" : "linkpath"] = Text(content);
            }
        }
    }

    private TarItem Item(TarEntryType type, long length)
    {
        bool hasContent = type is TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile;
        ThrowIf(length < 0 || (length > 0 && !hasContent), "An item has an invalid size.");
        _padding = PaddingOf(length);
        byte[] prefix = _header.AsSpan(257).StartsWith("ustar\0"u8) ? Text(_header.AsSpan(345, 155)) : [];
        decimal time = Decimal("mtime") ?? Number(136, 12);
        decimal seconds = Math.Floor(time);
        return new TarItem
        {
            Type = type,
            Path = Text(_records.GetValueOrDefault("path") ?? [.. prefix, .. prefix.Length > 0 ? "/"u8 : [], .. Text(_header.AsSpan(0, 100))]),
            Target = Text(_records.GetValueOrDefault("linkpath") ?? _header.AsSpan(157, 100)),
            Mode = (uint)Number(100, 8) & 0xFFF,
            UserId = Id((long?)Decimal("uid") ?? Number(108, 8)),
            GroupId = Id((long?)Decimal("gid") ?? Number(116, 8)),
            Length = length,
            Time = new LibC.StatxTimestamp { Seconds = (long)seconds, Nanoseconds = (uint)((time - seconds) * 1_000_000_000m) },
            Device = type is TarEntryType.BlockDevice or TarEntryType.CharacterDevice ? (Id(Number(329, 8)), Id(Number(337, 8))) : default,
            Attributes = [.. _records.Where(record => record.Key.StartsWith(AttributePrefix, StringComparison.Ordinal))
                .Select(record => (AttributeName(record.Key), record.Value))],
        };
    }

    /// <summary>Adds pax records: "length key=value\n", where the length is that of the record.</summary>
    private void AddRecords(ReadOnlySpan<byte> records)
    {
        while (!records.IsEmpty)
        {
            bool isValid = Utf8Parser.TryParse(records, out int length, out int digits)
                && length > digits && length <= records.Length && records[digits] == ' ' && records[length - 1] == '\n';
            ReadOnlySpan<byte> record = isValid ? records[digits..length].Trim(" "u8) : [];
            int equals = record.IndexOf((byte)'=');
            ThrowIf(equals < 0, "A pax header is invalid.");
            _records[Encoding.Latin1.GetString(record[..equals])] = record[(equals + 1)..^1].ToArray();
            records = records[length..];
        }
    }

    /// <summary>Reads octal digits, or a binary number of GNU tar.</summary>
    private long Number(int offset, int size)
    {
        ReadOnlySpan<byte> field = _header.AsSpan(offset, size);
        if (field[0] is 0x80 or 0xFF)
        {
            var binary = new BigInteger(field[1..], isUnsigned: field[0] == 0x80, isBigEndian: true);
            ThrowIf(binary < long.MinValue || binary > long.MaxValue, "A header has a number that is too large.");
            return (long)binary;
        }

        long number = 0;
        foreach (byte digit in field.Trim(" \0"u8))
        {
            ThrowIf(digit is < (byte)'0' or > (byte)'7', "A header has an invalid number.");
            number = (number << 3) | (uint)(digit - '0');
        }

        return number;
    }

    /// <summary>Returns the number of a pax record; null for none.</summary>
    private decimal? Decimal(string key)
    {
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        decimal number = 0;
        bool isKnown = _records.TryGetValue(key, out byte[]? text);
        ThrowIf(
            isKnown && !(decimal.TryParse(Encoding.Latin1.GetString(text!), Style, CultureInfo.InvariantCulture, out number)
                && number is >= long.MinValue and <= long.MaxValue),
            "A pax header has an invalid number.");
        return isKnown ? number : null;
    }

    private static FileName AttributeName(string key) => new(Encoding.Latin1.GetBytes(
        key[AttributePrefix.Length..].Replace("%3D", "=", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal)));

    private static uint Id(long number)
    {
        ThrowIf(number is < 0 or >= uint.MaxValue, "An item has an invalid owner, group or device.");
        return (uint)number;
    }

    private static int PaddingOf(long length) => (int)(-length & (BlockSize - 1));

    private static byte[] Text(ReadOnlySpan<byte> field) => field[..(field.IndexOf((byte)0) is >= 0 and int end ? end : field.Length)].ToArray();

    private static void ThrowIf(bool isInvalid, string message)
    {
        if (isInvalid)
        {
            throw new InvalidDataException(message);
        }
    }
}
