using System.Reflection;
using System.Text;

namespace Splice.Binding;

/// <summary>Makes lines of bytes as they come. A line ends with LF, CR or both, or with the text.</summary>
internal sealed class LineSplitter(Encoding encoding, Action<string> emit)
{
    private const char ByteOrderMark = '\uFEFF';

    private readonly Decoder _decoder = encoding.GetDecoder();
    private readonly StringBuilder _line = new();
    private char[] _characters = [];
    private bool _isAfterReturn;
    private bool _hasBegun;

    /// <summary>Takes more of the text.</summary>
    public void Add(ReadOnlySpan<byte> bytes) => Add(bytes, isEnd: false);

    /// <summary>The text is complete.</summary>
    public void Complete()
    {
        Add([], isEnd: true);
        if (_line.Length > 0)
        {
            EndLine();
        }
    }

    private void Add(ReadOnlySpan<byte> bytes, bool isEnd)
    {
        int most = encoding.GetMaxCharCount(bytes.Length);
        _characters = _characters.Length < most ? new char[most] : _characters;
        Span<char> text = _characters.AsSpan(0, _decoder.GetChars(bytes, _characters, flush: isEnd));
        if (!_hasBegun && text.Length > 0)
        {
            _hasBegun = true;
            text = text[0] == ByteOrderMark ? text[1..] : text;
        }

        while (!text.IsEmpty)
        {
            if (_isAfterReturn && text[0] == '\n')
            {
                text = text[1..];
            }

            _isAfterReturn = false;
            int end = text.IndexOfAny('\r', '\n');
            _line.Append(end < 0 ? text : text[..end]);
            if (end < 0)
            {
                return;
            }

            _isAfterReturn = text[end] == '\r';
            text = text[(end + 1)..];
            EndLine();
        }
    }

    private void EndLine()
    {
        string line = _line.ToString();
        _line.Clear();
        emit(line);
    }
}

/// <summary>What a StreamReader has read ahead. It has no public member that tells without reading more.</summary>
internal static class ReaderBuffer
{
    private static readonly FieldInfo? Position = Field("_charPos");
    private static readonly FieldInfo? Length = Field("_charLen");
    private static readonly FieldInfo? Decoder = Field("_decoder");

    /// <summary>True if it holds characters that nobody has read, or a part of one.</summary>
    public static bool HasContent(StreamReader reader) =>
        (Position?.GetValue(reader), Length?.GetValue(reader)) is not (int position, int length)
        || position < length
        || (Decoder?.GetValue(reader) is Decoder decoder && decoder.GetCharCount([], flush: true) > 0);

    private static FieldInfo? Field(string name) =>
        typeof(StreamReader).GetField(name, BindingFlags.Instance | BindingFlags.NonPublic);
}
