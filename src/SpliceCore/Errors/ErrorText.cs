using System.Globalization;
using System.Runtime.InteropServices;

namespace Splice.Errors;

/// <summary>The text of error numbers.</summary>
internal static class ErrnoText
{
    /// <summary>Returns for example "ENOSPC: No space left on device".</summary>
    public static string Describe(Errno errno) => $"{errno}: {Of(errno)}";

    /// <summary>Returns the text of strerror(3).</summary>
    public static string Of(Errno errno) => Marshal.GetPInvokeErrorMessage((int)errno);
}

/// <summary>The text of command lines that errors recommend.</summary>
internal static class PowerShellText
{
    /// <summary>Returns a string literal for PowerShell.</summary>
    public static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}

/// <summary>The text of numbers of bytes.</summary>
internal static class ByteText
{
    private const int Kibi = 1024;

    /// <summary>Returns for example "1 byte" or "7.34 MiB", for messages.</summary>
    public static string Of(long count) => count < Kibi ? Count(count) : ByteSize.Format(count);

    /// <summary>Returns for example "1 byte" or "7.34 MiB" with the exact number, for messages that compare sizes.</summary>
    public static string Exact(long count) => count < Kibi ? Count(count) : $"{Of(count)} ({Count(count)})";

    /// <summary>Returns for example "1 byte", for the properties of results.</summary>
    public static string Count(long count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "byte" : "bytes")}");
}
