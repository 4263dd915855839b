using System.Text;

namespace Splice.Interop;

/// <summary>The name of a file in its folder as the kernel has it: bytes in no particular encoding, with a NUL at their
/// end. Text cannot stand for every name.</summary>
internal readonly struct FileName
{
    private readonly byte[] _terminated;

    /// <param name="bytes">The name, without the NUL.</param>
    public FileName(ReadOnlySpan<byte> bytes)
    {
        _terminated = new byte[bytes.Length + 1];
        bytes.CopyTo(_terminated);
    }

    /// <summary>The name, without the NUL.</summary>
    public ReadOnlySpan<byte> Bytes => _terminated.AsSpan(0, _terminated.Length - 1);

    public static implicit operator FileName(string text) => new(Encoding.UTF8.GetBytes(text));

    /// <summary>For the fixed statement: a C string.</summary>
    public ref readonly byte GetPinnableReference() => ref _terminated[0];

    /// <summary>For people: bytes that are no UTF-8 show as U+FFFD.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Bytes);
}
