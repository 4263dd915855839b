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

/// <summary>The text of numbers of bytes.</summary>
internal static class ByteText
{
    /// <summary>Returns for example "1 byte".</summary>
    public static string Of(long count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "byte" : "bytes")}");
}
