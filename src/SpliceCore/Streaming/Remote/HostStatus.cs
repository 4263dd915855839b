using System.Globalization;
using System.Text;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>Parses what find(1) and stat(1) print of items on a host.</summary>
internal static class HostStatus
{
    private const int TimeField = 2;
    private const int NanosecondDigits = 9;

    // The base and the largest value of each field: type, size, time (which is not a number), mode, user, group, links, file system, inode,
    // device.
    private static readonly (uint Base, ulong Most)[] Fields =
    [
        (16, int.MaxValue), (10, long.MaxValue), default, (8, 0xFFF), (10, uint.MaxValue), (10, uint.MaxValue), (10, uint.MaxValue),
        (10, ulong.MaxValue), (10, ulong.MaxValue), (16, uint.MaxValue), (16, uint.MaxValue),
    ];

    /// <summary>Parses the status of an item: type, size, time of modification, mode, user, group, number of links, file system, inode,
    /// and for stat(1) the number of a device. The device is not one of this machine. Null for other text.</summary>
    public static FileStatus? TryParse(string text) => TryParse(Encoding.UTF8.GetBytes(text));

    /// <summary>Parses the status of an item in ASCII.</summary>
    public static FileStatus? TryParse(ReadOnlySpan<byte> text)
    {
        Span<ulong> fields = stackalloc ulong[Fields.Length];
        fields.Clear();
        ReadOnlySpan<byte> timeText = default;
        int count = 0;
        for (bool isLast = false; !isLast; count++)
        {
            int end = text.IndexOf((byte)' ');
            isLast = end < 0;
            ReadOnlySpan<byte> word = isLast ? text : text[..end];
            text = text[(end + 1)..];
            if (count == Fields.Length)
            {
                return null;
            }

            if (count == TimeField)
            {
                timeText = word;
            }
            else if (!(count == 0 && word.Length == 1 ? TryParseType(word[0], out fields[0]) : TryParseNumber(word, Fields[count].Base, Fields[count].Most, out fields[count])))
            {
                return null;
            }
        }

        if (count is not (9 or 11) || !TryParseTime(timeText, isDecimal: count == 11, out LibC.StatxTimestamp time))
        {
            return null;
        }

        return new FileStatus(new LibC.StatxBuffer
        {
            Mode = (ushort)((fields[0] & FileStatus.TypeMask) | fields[3]),
            Size = fields[1],
            ModificationTime = time,
            UserId = (uint)fields[4],
            GroupId = (uint)fields[5],
            LinkCount = (uint)fields[6],
            DeviceMajor = (uint)(fields[7] >> 32),
            DeviceMinor = (uint)fields[7],
            Inode = fields[8],
            SpecialDeviceMajor = (uint)fields[9],
            SpecialDeviceMinor = (uint)fields[10],
        });
    }

    /// <summary>Returns the precision of times of a file system, in nanoseconds.</summary>
    /// <param name="type">The type that stat -f prints.</param>
    /// <param name="birth">The time of birth of an item; 0 or a hyphen for none.</param>
    public static long TimeUnitOf(string type, string birth) =>
        long.TryParse(type, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long magic)
            ? TimePrecision.UnitOf((FileSystemType)magic, hasBirthTime: birth is not ("0" or "-"))
            : 1;

    /// <summary>Parses the time of find(1), seconds and the nanoseconds to add to them, or of stat(1), a decimal number.</summary>
    public static bool TryParseTime(ReadOnlySpan<byte> text, bool isDecimal, out LibC.StatxTimestamp time)
    {
        time = default;
        int point = text.IndexOf((byte)'.');
        ReadOnlySpan<byte> whole = point < 0 ? text : text[..point];
        ReadOnlySpan<byte> fraction = point < 0 ? default : text[(point + 1)..];
        bool isNegative = whole.StartsWith("-"u8);
        uint nanoseconds = 0;
        for (int i = 0; i < NanosecondDigits; i++)
        {
            byte digit = i < fraction.Length ? fraction[i] : (byte)'0';
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            nanoseconds = (nanoseconds * 10) + digit - '0';
        }

        if (!TryParseNumber(isNegative ? whole[1..] : whole, 10, long.MaxValue, out ulong number))
        {
            return false;
        }

        long seconds = isNegative ? -(long)number : (long)number;
        time = isDecimal && isNegative && nanoseconds > 0
            ? new LibC.StatxTimestamp { Seconds = seconds - 1, Nanoseconds = (uint)TimePrecision.Second - nanoseconds }
            : new LibC.StatxTimestamp { Seconds = seconds, Nanoseconds = nanoseconds };
        return true;
    }

    /// <summary>Parses the type that find(1) prints.</summary>
    private static bool TryParseType(byte letter, out ulong type)
    {
        type = letter switch
        {
            (byte)'f' => (ulong)DescriptorKind.Regular,
            (byte)'d' => (ulong)DescriptorKind.Directory,
            (byte)'l' => (ulong)DescriptorKind.SymbolicLink,
            (byte)'p' => (ulong)DescriptorKind.Fifo,
            (byte)'s' => (ulong)DescriptorKind.Socket,
            (byte)'b' => (ulong)DescriptorKind.Block,
            (byte)'c' => (ulong)DescriptorKind.Character,
            _ => 0,
        };
        return type > 0;
    }

    private static bool TryParseNumber(ReadOnlySpan<byte> text, uint radix, ulong most, out ulong number)
    {
        number = 0;
        foreach (byte one in text)
        {
            uint digit = one switch
            {
                >= (byte)'0' and <= (byte)'9' => one - (uint)'0',
                >= (byte)'a' and <= (byte)'f' => one - (uint)'a' + 10,
                >= (byte)'A' and <= (byte)'F' => one - (uint)'A' + 10,
                _ => uint.MaxValue,
            };
            if (digit >= radix || number > (most - digit) / radix)
            {
                return false;
            }

            number = (number * radix) + digit;
        }

        return text.Length > 0;
    }
}
