using System.Text;

namespace Splice.Streaming.Processes;

/// <summary>The last of what a command has written to its standard error.</summary>
internal sealed class ErrorTail
{
    private const int Most = 4096;

    private readonly List<byte> _bytes = [];

    public void Add(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes.Length > Most ? bytes[^Most..] : bytes);
        if (_bytes.Count > Most)
        {
            _bytes.RemoveRange(0, _bytes.Count - Most);
        }
    }

    public override string ToString() => Encoding.UTF8.GetString([.. _bytes]);
}
