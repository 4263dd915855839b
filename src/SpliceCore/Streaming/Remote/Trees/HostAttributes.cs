using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Splice.Copying;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>The extended attributes of the items of a folder on a host, access control lists among them, as digests.</summary>
/// <param name="isRoot">True if the user there can set all of them.</param>
/// <remarks><see href="https://man7.org/linux/man-pages/man1/getfattr.1.html">getfattr(1)</see></remarks>
internal sealed class HostAttributes(bool isRoot)
{
    private const string FileLine = "# file: ";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    // Digests of paths and of attributes, so that the memory is bounded by the number of items, whatever the names are.
    private readonly Dictionary<UInt128, UInt128> _items = [];

    /// <summary>Parses the output of getfattr -e hex.</summary>
    /// <param name="preserve">The attributes to compare.</param>
    public static HostAttributes Parse(ReadOnlySpan<byte> text, bool isRoot, PreserveAttributes preserve)
    {
        var attributes = new HostAttributes(isRoot);
        UInt128 path = 0;
        for (int end; !text.IsEmpty; text = text[Math.Min(text.Length, end + 1)..])
        {
            end = text.IndexOf((byte)'\n') is >= 0 and int found ? found : text.Length;
            string line = Encoding.Latin1.GetString(text[..end]);
            if (line.StartsWith(FileLine, StringComparison.Ordinal))
            {
                string name = HostAccessLists.Unescape(line[FileLine.Length..]);
                path = Digest(Encoding.Latin1.GetBytes(name is "." ? string.Empty : name.StartsWith("./", StringComparison.Ordinal) ? name[1..] : name));
            }
            else if (line.Length > 0)
            {
                // An empty value has no equals sign.
                string[] parts = line.Split('=', 2);
                var name = new FileName(Encoding.Latin1.GetBytes(HostAccessLists.Unescape(parts[0])));
                if (attributes.IsCompared(name, preserve))
                {
                    attributes._items[path] = attributes._items.GetValueOrDefault(path) ^ Digest(name, parts.Length == 1 ? [] : Value(parts[1]));
                }
            }
        }

        return attributes;
    }

    /// <summary>True if an item has the attributes of a source, as far as they are preserved.</summary>
    /// <param name="path">The path of the item from the top, which starts with a slash.</param>
    public bool AreSame(byte[] path, SafeHandle source, PreserveAttributes preserve)
    {
        LibC.ListAttributes(source, out List<FileName> names);
        UInt128 digest = 0;
        foreach (FileName name in names.Where(name => IsCompared(name, preserve)))
        {
            digest ^= LibC.GetAttribute(source, name, out byte[] value).Ok ? Digest(name, value) : 0;
        }

        return digest == _items.GetValueOrDefault(Digest(path));
    }

    /// <summary>Only root can set the others, and they may differ for good.</summary>
    private bool IsCompared(FileName name, PreserveAttributes preserve) =>
        ExtendedAttributes.IsWanted(name, preserve) && (isRoot || ExtendedAttributes.IsList(name) || name.Bytes.StartsWith("user."u8));

    private static UInt128 Digest(FileName name, byte[] value) => Digest([.. name.Bytes, 0, .. value]);

    private static UInt128 Digest(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(bytes));

    private static byte[] Value(string text)
    {
        bool isHex = text.StartsWith("0x", StringComparison.Ordinal) && text.Length % 2 == 0 && text.AsSpan(2).IndexOfAnyExcept(HexDigits) < 0;
        return isHex ? Convert.FromHexString(text[2..]) : Encoding.Latin1.GetBytes(text);
    }
}
