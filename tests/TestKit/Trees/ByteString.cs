using System.Text;

namespace Splice.TestKit.Trees;

/// <summary>A name, a path, a link's target or an attribute's name as the kernel has it: bytes, valid UTF-8 or not.</summary>
internal readonly record struct ByteString : IComparable<ByteString>
{
    // One character for one byte, so that equality, order and hash are those of the bytes.
    private readonly string? _characters;

    private ByteString(string characters) => _characters = characters;

    public static ByteString Empty => new(string.Empty);

    public int Length => Characters.Length;

    /// <summary>What the kernel's calls take.</summary>
    public byte[] Terminated => Encoding.Latin1.GetBytes(Characters + '\0');

    public byte[] Bytes => Encoding.Latin1.GetBytes(Characters);

    private string Characters => _characters ?? string.Empty;

    public static implicit operator ByteString(string text) => Of(Encoding.UTF8.GetBytes(text));

    public static ByteString Of(ReadOnlySpan<byte> bytes) => new(Encoding.Latin1.GetString(bytes));

    /// <summary>A path of a folder and a name in it; the name alone where the folder is empty.</summary>
    public static ByteString operator /(ByteString folder, ByteString name) =>
        folder.Length == 0 ? name : new($"{folder.Characters}/{name.Characters}");

    public static ByteString operator +(ByteString one, ByteString other) => new(one.Characters + other.Characters);

    /// <summary>The names between the slashes.</summary>
    public IEnumerable<ByteString> Parts =>
        Characters.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(part => new ByteString(part));

    /// <summary>No more than the first bytes.</summary>
    public ByteString Start(int length) => new(Characters[..Math.Min(length, Characters.Length)]);

    public int CompareTo(ByteString other) => string.CompareOrdinal(Characters, other.Characters);

    /// <summary>Printable, and no two the same: what is not printable ASCII is written as \x and two digits.</summary>
    public override string ToString() =>
        string.Concat(Characters.Select(c => c is >= ' ' and <= '~' and not '\\' ? $"{c}" : $"\\x{(int)c:x2}"));
}
