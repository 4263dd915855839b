using System.Reflection;
using System.Text;

namespace Splice.Binding;

/// <summary>What a StreamReader has read ahead. It has no public member that tells without reading more.</summary>
internal static class ReaderBuffer
{
    private static readonly FieldInfo? Position = Field("_charPos");
    private static readonly FieldInfo? Length = Field("_charLen");
    private static readonly FieldInfo? Decoder = Field("_decoder");

    /// <summary>Whether it holds characters that nobody has read, or a part of one.</summary>
    public static bool HasContent(StreamReader reader) =>
        (Position?.GetValue(reader), Length?.GetValue(reader)) is not (int position, int length)
        || position < length
        || (Decoder?.GetValue(reader) is Decoder decoder && decoder.GetCharCount([], flush: true) > 0);

    private static FieldInfo? Field(string name) =>
        typeof(StreamReader).GetField(name, BindingFlags.Instance | BindingFlags.NonPublic);
}
