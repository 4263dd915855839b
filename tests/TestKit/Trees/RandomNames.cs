namespace Splice.TestKit.Trees;

/// <summary>The names of one folder, each given out once.</summary>
internal sealed class RandomNames(Random random, bool odd)
{
    private const int LongestName = 255; // NAME_MAX

    private static readonly ByteString[] Odd =
    [
        " ", "two  words ", "new\nline", "tab\there", "-rf", "--help", "[a]*?", "*", "back`tick$(id)", "'single'",
        "\"double\"", "back\\slash", "~", "#", "a;b&c|d", "{0}", "%s%n", ".hidden", "...", "..hidden",
        ".splice-0123456789abcdef.tmp", ".splice-fedcba9876543210.tmp", "Case", "case", "CASE", "straße", "имя", "名前",
        "\U0001F600", "e\u0301", "\u00e9", "\u202Egnp", "\uFEFFmark", "\x01\x1b[31m\x7f",
        Bytes(0xFF, 0xFE), Bytes(0xFF), "\uFFFD", "a" + Bytes(0xFF), "a" + Bytes(0xFE), "a\uFFFD", Bytes(0x80),
        Bytes(0xC0, 0xAF), Bytes(0xED, 0xA0, 0x80), Bytes(0xE2, 0x82),
    ];

    private readonly HashSet<ByteString> _taken = [];
    private int _count;

    public ByteString Next()
    {
        ByteString name = odd && random.Next(2) == 0 ? NextOdd() : $"name{_count}";
        _count++;
        return _taken.Add(name) ? name : Next();
    }

    private static ByteString Bytes(params byte[] bytes) => ByteString.Of(bytes);

    private ByteString NextOdd() => random.Next(8) switch
    {
        0 => Fill((byte)random.Next('a', 'z' + 1), LongestName),
        1 => Noise(random.Next(1, 20)),
        2 => Noise(LongestName),
        _ => Odd[random.Next(Odd.Length)],
    };

    private static ByteString Fill(byte value, int length) => ByteString.Of(Enumerable.Repeat(value, length).ToArray());

    /// <summary>Any bytes but NUL and the slash.</summary>
    private ByteString Noise(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            byte value = (byte)random.Next(1, 256);
            bytes[i] = value == (byte)'/' ? (byte)'_' : value;
        }

        ByteString name = ByteString.Of(bytes);
        return name == "." || name == ".." ? "dots" : name;
    }
}
