using System.Globalization;
using System.Net;

namespace Splice.Measuring.Page;

/// <summary>Text and numbers as the page has them: in English, whatever the culture is.</summary>
internal static class PageText
{
    private const char ControlPictures = '\u2400';
    private const char Delete = '\u007F';
    private const char DeletePicture = '\u2421';

    public static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>Text that no character of can be taken for markup. What cannot be printed is shown by its picture.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(string.Concat(text.Select(Visible)));

    /// <summary>A number in SVG: with a point, and no more digits than can be seen.</summary>
    public static string Number(double value) => value.ToString("0.##", Culture);

    /// <summary>A time with three digits, in the unit that suits it.</summary>
    public static string Duration(TimeSpan time) => time.TotalMilliseconds switch
    {
        < 1 => $"{Digits(time.TotalMicroseconds)} µs",
        < 1000 => $"{Digits(time.TotalMilliseconds)} ms",
        _ => $"{Digits(time.TotalSeconds)} s",
    };

    public static string Rate(double bytesPerSecond) => $"{ByteSize.Format(bytesPerSecond, Culture)}/s";

    private static string Digits(double value) =>
        value.ToString(value >= 99.95 ? "N0" : value >= 9.995 ? "N1" : "N2", Culture);

    private static char Visible(char character) => character switch
    {
        < ' ' => (char)(ControlPictures + character),
        Delete => DeletePicture,
        _ => character,
    };
}
