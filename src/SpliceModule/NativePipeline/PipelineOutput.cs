using System.Management.Automation;
using System.Reflection;
using System.Text;

namespace Splice.NativeBinding;

/// <summary>Splits bytes into lines. A line ends with LF, CR or both, or with the text.</summary>
internal sealed class LineSplitter(Encoding encoding, Action<string> emit)
{
    private const char ByteOrderMark = '\uFEFF';

    private readonly Decoder _decoder = encoding.GetDecoder();
    private readonly StringBuilder _line = new();
    private char[] _characters = [];
    private bool _isAfterReturn;
    private bool _hasBegun;

    public void Add(ReadOnlySpan<byte> bytes) => Add(bytes, isEnd: false);

    /// <summary>Emits the last line.</summary>
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

/// <summary>Finds out if a cmdlet's streams go only to the host: then native commands write to the terminal themselves, as those
/// that PowerShell starts. It has only internal members for this; with an engine without them, all output is objects.</summary>
internal static class HostStreams
{
    private const BindingFlags Members = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    public static bool OutputGoesToHost(PSCmdlet command) => IsHost(Get(command.CommandRuntime, "OutputPipe"));

    /// <summary>True if the cmdlet's errors are among its output (2>&amp;1).</summary>
    public static bool ErrorsGoToOutput(PSCmdlet command) => Get(command.CommandRuntime, "ErrorMergeTo")?.ToString() == "Output";

    public static bool ErrorsGoToHost(PSCmdlet command) =>
        ErrorsGoToOutput(command) ? OutputGoesToHost(command) : IsHost(Get(command.CommandRuntime, "ErrorOutputPipe"));

    private static bool IsHost(object? pipe) => Get(Get(pipe, "DownstreamCmdlet"), "CommandInfo") is CommandInfo { Name: "Out-Default" };

    private static object? Get(object? owner, string property) => owner?.GetType().GetProperty(property, Members)?.GetValue(owner);
}
