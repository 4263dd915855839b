using System.Buffers;
using System.Text;

namespace Splice.Streaming.Remote.Trees;

/// <summary>The SHA-256 of each file of a tree, as a host checks them when it has the tree.</summary>
internal sealed class SumList
{
    private readonly ArrayBufferWriter<byte> _plain = new();
    private readonly ArrayBufferWriter<byte> _escaped = new();

    /// <summary>Lines for sha256sum -c.</summary>
    public byte[] Plain => _plain.WrittenSpan.ToArray();

    /// <summary>The same of names that not every sha256sum reads: bytes of them are written for printf %b.</summary>
    public byte[] Escaped => _escaped.WrittenSpan.ToArray();

    /// <summary>Both, with an empty line between them.</summary>
    public byte[] EscapedFirst() => [.. _escaped.WrittenSpan, (byte)'\n', .. _plain.WrittenSpan];

    /// <summary>Adds a file.</summary>
    /// <param name="path">Its path from the tree's top, with a slash at the beginning.</param>
    /// <param name="digest">64 hexadecimal digits.</param>
    public void Add(ReadOnlySpan<byte> path, string digest)
    {
        bool isEscaped = path.ContainsAnyInRange((byte)0, (byte)0x1F) || path.Contains((byte)'\\') || path.Contains((byte)0x7F);
        ArrayBufferWriter<byte> list = isEscaped ? _escaped : _plain;
        list.Write(Encoding.ASCII.GetBytes(isEscaped ? $"{digest} ." : $"{digest}  ."));
        if (isEscaped)
        {
            foreach (byte one in path)
            {
                list.Write(Encoding.ASCII.GetBytes($@"\0{Convert.ToString(one, toBase: 8).PadLeft(3, '0')}"));
            }
        }
        else
        {
            list.Write(path);
        }

        list.Write("\n"u8);
    }
}
