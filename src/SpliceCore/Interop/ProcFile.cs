using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Splice.Interop;

/// <summary>Reads files that the kernel generates under /proc: their size is 0, and one read may return only a part of them.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man5/proc.5.html">proc(5)</see></remarks>
internal static class ProcFile
{
    private const int UsualSize = 8192;

    /// <summary>Returns a file's text; null if it is missing or not readable, or its process has ended (ESRCH).</summary>
    public static string? ReadText(string path)
    {
        SysResult result = LibC.Open(path, LibC.O_RDONLY, out SafeFileHandle file);
        using (file)
        {
            var text = new ArrayBufferWriter<byte>(UsualSize);
            while (result.Ok || result.Errno == Errno.EINTR)
            {
                result = LibC.Read(file, text.GetSpan(), offset: null);
                if (result is { Ok: true, Value: 0 })
                {
                    return Encoding.UTF8.GetString(text.WrittenSpan);
                }

                text.Advance((int)Math.Max(result.Value, 0));
            }

            return null;
        }
    }

    /// <summary>Returns the number in a file of one line.</summary>
    public static long? ReadNumber(string path) => Parse(ReadText(path));

    /// <summary>Returns the number in a field, without its unit.</summary>
    public static long? ReadNumber(string path, string name) => FindNumber(ReadText(path), name);

    /// <summary>Returns a field of a file with a name and a value a line ("VmHWM: 1024 kB", "btime 1700000000"); null if not found.</summary>
    public static string? ReadField(string path, string name) => FindField(ReadText(path), name);

    public static long? FindNumber(string? text, string name) => Parse(FindField(text, name));

    private static string? FindField(string? text, string name)
    {
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(name, StringComparison.Ordinal) && line[name.Length..] is [':' or ' ' or '\t', ..] value)
            {
                return value.Trim(": \t").ToString();
            }
        }

        return null;
    }

    private static long? Parse(string? text) =>
        long.TryParse(text?.Trim().Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
}
