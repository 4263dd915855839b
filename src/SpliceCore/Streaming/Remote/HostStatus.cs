using System.Globalization;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>Parses what find(1) and stat(1) print of items on a host.</summary>
internal static class HostStatus
{
    /// <summary>Parses the status of an item: type, size, time of modification, mode, user, group, number of links, file system, inode,
    /// and for stat(1) the number of a device. The device is not one of this machine. Null for other text.</summary>
    public static FileStatus? TryParse(string text)
    {
        string[] words = text.Split(' ');
        const NumberStyles Hex = NumberStyles.AllowHexSpecifier;
        CultureInfo culture = CultureInfo.InvariantCulture;
        int type = 0;
        uint[] device = new uint[2];
        if (words.Length is not (9 or 11)
            || !(words[0].Length == 1 ? (type = TypeOf(words[0][0])) >= 0 : int.TryParse(words[0], Hex, culture, out type))
            || !long.TryParse(words[1], NumberStyles.None, culture, out long size)
            || !TryParseTime(words[2], isDecimal: words.Length == 11, out LibC.StatxTimestamp time)
            || !TryParseOctal(words[3], out uint mode)
            || !uint.TryParse(words[4], NumberStyles.None, culture, out uint user)
            || !uint.TryParse(words[5], NumberStyles.None, culture, out uint group)
            || !uint.TryParse(words[6], NumberStyles.None, culture, out uint links)
            || !ulong.TryParse(words[7], NumberStyles.None, culture, out ulong fileSystem)
            || !ulong.TryParse(words[8], NumberStyles.None, culture, out ulong inode)
            || (words.Length == 11 && !(uint.TryParse(words[9], Hex, culture, out device[0]) && uint.TryParse(words[10], Hex, culture, out device[1]))))
        {
            return null;
        }

        return new FileStatus(new LibC.StatxBuffer
        {
            Mode = (ushort)((uint)(type & FileStatus.TypeMask) | mode),
            Size = (ulong)size,
            ModificationTime = time,
            UserId = user,
            GroupId = group,
            LinkCount = links,
            DeviceMajor = (uint)(fileSystem >> 32),
            DeviceMinor = (uint)fileSystem,
            Inode = inode,
            SpecialDeviceMajor = device[0],
            SpecialDeviceMinor = device[1],
        });
    }

    /// <summary>Returns the precision of times of a file system, in nanoseconds.</summary>
    /// <param name="type">The type that stat -f prints.</param>
    /// <param name="birth">The time of birth of an item; 0 or a hyphen for none.</param>
    public static long TimeUnitOf(string type, string birth) =>
        long.TryParse(type, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long magic)
            ? TimePrecision.UnitOf((FileSystemType)magic, hasBirthTime: birth is not ("0" or "-"))
            : 1;

    /// <summary>Returns the type of a letter of find(1); less than 0 for an unknown one.</summary>
    private static int TypeOf(char letter) => letter switch
    {
        'f' => (int)DescriptorKind.Regular,
        'd' => (int)DescriptorKind.Directory,
        'l' => (int)DescriptorKind.SymbolicLink,
        'p' => (int)DescriptorKind.Fifo,
        's' => (int)DescriptorKind.Socket,
        'b' => (int)DescriptorKind.Block,
        'c' => (int)DescriptorKind.Character,
        _ => -1,
    };

    /// <summary>Parses the time of find(1), seconds and the nanoseconds to add to them, or of stat(1), a decimal number.</summary>
    private static bool TryParseTime(string text, bool isDecimal, out LibC.StatxTimestamp time)
    {
        string[] parts = text.Split('.');
        string fraction = parts.Length == 2 ? parts[1].PadRight(9, '0')[..9] : "0";
        uint nanoseconds = 0;
        bool isTime = long.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seconds)
            && uint.TryParse(fraction, NumberStyles.None, CultureInfo.InvariantCulture, out nanoseconds);
        time = isDecimal && nanoseconds > 0 && text[0] == '-'
            ? new LibC.StatxTimestamp { Seconds = seconds - 1, Nanoseconds = (uint)TimePrecision.Second - nanoseconds }
            : new LibC.StatxTimestamp { Seconds = seconds, Nanoseconds = nanoseconds };
        return isTime && parts.Length <= 2;
    }

    private static bool TryParseOctal(string text, out uint number)
    {
        number = 0;
        foreach (char digit in text)
        {
            if (digit is < '0' or > '7' || number > 0xFFF)
            {
                return false;
            }

            number = (number << 3) | (uint)(digit - '0');
        }

        return text.Length > 0 && number <= 0xFFF;
    }
}
