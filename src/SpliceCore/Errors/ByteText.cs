using System.Globalization;

namespace Splice.Errors;

/// <summary>A number of bytes in a message.</summary>
internal static class ByteText
{
    /// <summary>The number and its noun, which agree.</summary>
    public static string Of(long count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "byte" : "bytes")}");
}
