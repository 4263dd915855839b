using System.Globalization;

namespace Splice;

/// <summary>Formats byte counts.</summary>
public static class ByteSize
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>Formats with three digits and a binary unit, for example "1.5 MiB".</summary>
    /// <param name="bytes">The number of bytes.</param>
    /// <param name="culture">The culture; null for the current one.</param>
    /// <returns>The text.</returns>
    public static string Format(double bytes, CultureInfo? culture = null)
    {
        int unit = 0;
        while (Math.Abs(bytes) >= 999.5 && unit < Units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        string format = unit == 0 || Math.Abs(bytes) >= 99.95 ? "N0" : Math.Abs(bytes) >= 9.995 ? "N1" : "N2";
        return $"{bytes.ToString(format, culture ?? CultureInfo.CurrentCulture)} {Units[unit]}";
    }
}
