using System.Globalization;
using System.Runtime.InteropServices;

namespace Splice.Errors;

/// <summary>Error numbers in words.</summary>
internal static class ErrnoText
{
    /// <summary>For example "ENOSPC: No space left on device".</summary>
    public static string Describe(Errno errno) => $"{errno}: {Marshal.GetPInvokeErrorMessage((int)errno)}";
}

/// <summary>A number of bytes in a message.</summary>
internal static class ByteText
{
    /// <summary>The number and its noun, which agree.</summary>
    public static string Of(long count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "byte" : "bytes")}");
}
