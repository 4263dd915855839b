using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Splice.TestHost;

/// <summary>What a host could send in place of a file or a folder: streams that are right but for a few mistakes, with names that lead
/// elsewhere, false sizes, floods and silence.</summary>
/// <param name="outside">A folder outside the destination.</param>
internal sealed class HostileStream(Random random, string outside)
{
    private const int BlockSize = 512;

    private readonly List<byte> _bytes = [];
    private bool _isRight = true;

    /// <summary>True if it can wait without end.</summary>
    public bool IsSilent { get; private set; }

    /// <summary>The script of the stub, which prints the stream.</summary>
    public string Script(string path)
    {
        string end = random.Next(_isRight ? 3 : 2) > 0 ? string.Empty : Pick(
            "head -c 1000000 /dev/zero", "yes | head -c 1000000", "yes splice-alive | head -c 1000000", "yes splice-done | head -c 1000000",
            "head -c 1000000 /dev/urandom", "head -c 1000000 /dev/zero >&2", "yes 'tar: x' | head -c 1000000 >&2", "printf 'tar: \\033[31m\\n' >&2",
            "sleep 1", "kill -9 $$", "kill -TERM $$", "exec >&-", "exec 2>&-", "(sleep 0.05; echo late) &", "printf x", "printf '\\n\\n'", string.Empty);
        IsSilent = end.StartsWith("sleep", StringComparison.Ordinal);
        string begin = random.Next(20) > 0 ? string.Empty : Pick(
            "head -c 1000000 /dev/zero", "yes | head -c 1000000", "yes 'splice-tree pax' | head -c 1000000", "echo hello", "printf 'no newline'",
            "head -c 5000 /dev/zero", "exec <&-", "head -c 100000 /dev/urandom");
        int exit = random.Next(_isRight ? 4 : 2) > 0 ? 0 : random.Next(256);
        return string.Create(CultureInfo.InvariantCulture, $"{begin}\ncat {path}\n{end}\nexit {exit}\n");
    }

    public byte[] File()
    {
        byte[] content = new byte[random.Next(5) == 0 ? random.Next(3_000_000) : random.Next(3000)];
        random.NextBytes(content);
        string size = Rarely(Pick("0", "-1", "1", "9223372036854775807", "9223372036854775808", "99999999999999999999", "x", ""), $"{content.Length}");
        string time = Rarely(Pick("-1", "9223372036854775807", "1.", ".5", "1.1234567890123", "x", "1.x"), "1700000000.123456789");
        string mode = Rarely(Pick("7777", "4755", "0", "99", "177777", "1777777", "x", ""), "644");
        string user = Rarely(Pick("4294967295", "4294967296", "-1", "x"), "0");
        string blocks = Rarely(Pick("0", "9223372036854775807", "-8", "x"), $"{(content.Length + 511) / 512}");
        string group = Rarely(Pick("?", "rwx", "x", "\u001b[31m", ""), "-");
        Text(Rarely(Pick("splice-tree no\n", "splice-file\n", "splice-file \n", "splice-tree pax\n"), string.Empty));
        Text($"splice-file {size} {time} {mode} 1 2 {blocks} {user} 0 {time} {group}\n");
        _bytes.AddRange(content);
        string sum = Convert.ToHexString(SHA256.HashData(content)).ToLowerInvariant();
        Text(Rarely(Pick("splice-done", "splice-done \u001b[31m\a\n", $"splice-done {new string('x', 10_000)}\n", "splice-alive\n", ""), $"splice-done {sum}\n"));
        return Mutated();
    }

    public byte[] Tree()
    {
        string lists = Lists();
        string length = Rarely(
            Pick("0", "-1", "1000000", "67108864", "67108865", "99999999999", "x"), Encoding.Latin1.GetByteCount(lists).ToString(CultureInfo.InvariantCulture));
        Text(Rarely(Pick("splice-tree\n", "splice-tree no\n", "splice-tree pax\n", $"splice-tree {new string('p', 10_000)}\n", ""), $"splice-tree pax getfacl {length}\n"));
        Text(lists);
        if (random.Next(10) > 0)
        {
            Header("./", '5', 0);
        }

        for (int i = random.Next(12); i > 0; i--)
        {
            Item();
        }

        _bytes.AddRange(new byte[Rarely(random.Next(3), 20) * BlockSize]);
        Text(Rarely(Pick("splice-done", "splice-alive\n", "x", ""), "splice-done\n"));
        return Mutated();
    }

    private string Lists() => random.Next(4) > 0 ? string.Empty : string.Concat(Enumerable.Range(0, random.Next(5)).Select(_ =>
        Pick("# file: a\n", "# file: .\n", "# file: \\777\\\n", "user::rwx\nuser:1:rwx\ngroup::r-x\nmask::rwx\nother::---\n\n", "default:user::rwx\n", "mask::\n",
            ":::::\n", "\n\n\n", $"{new string(':', 5000)}\n", "user:99999999999:rwx\nmask::rwx\n", "# file: x", string.Concat(Enumerable.Repeat("user:1:rwx\n", 9000)))));

    private void Item()
    {
        if (random.Next(8) == 0)
        {
            Extended();
        }

        string name = Name();
        switch (random.Next(12))
        {
            case < 4:
                byte[] content = new byte[random.Next(10) == 0 ? random.Next(200_000) : random.Next(2000)];
                Header(name, '0', Rarely(Size(), content.Length));
                _bytes.AddRange(content);
                _bytes.AddRange(new byte[-content.Length & (BlockSize - 1)]);
                break;
            case < 7:
                Header(name, '5', Rarely(Size(), 0));
                break;
            case 7:
                Header(name, '2', 0, Pick(outside, $"{outside}/precious", "/", "..", ".", "a", "../outside", "", new string('t', 100)));
                break;
            case 8:
                Header(name, '1', 0, Pick("a", "a/b", "../outside/precious", $"{outside}/precious", "link/precious", "./link", "", "."));
                break;
            case 9:
                Header(name, random.Next(3) switch { 0 => '3', 1 => '4', _ => '6' }, 0);
                break;
            default:
                Header(name, (char)random.Next(256), Rarely(Size(), 0), Name());
                break;
        }
    }

    /// <summary>An item that describes the next one: pax records, or a name in the old format.</summary>
    private void Extended()
    {
        char type = Pick("x", "x", "x", "g", "L", "K")[0];
        string records = type is 'L' or 'K' ? Rarely(Pick("", "\0", "../x", new string('a', 5000), string.Concat(Enumerable.Repeat("d/", 3000))), Name()) + "\0"
            : string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => Record()));
        if (random.Next(20) == 0)
        {
            records += new string(Pick("\n", "a", "9", " ", "\0")[0], random.Next(1_200_000));
        }

        byte[] content = Encoding.Latin1.GetBytes(records);
        Header("././@LongLink", type, Rarely(Size(), content.Length));
        _bytes.AddRange(content);
        _bytes.AddRange(new byte[-content.Length & (BlockSize - 1)]);
    }

    private string Record()
    {
        string key = Pick("path", "linkpath", "size", "uid", "gid", "mtime", "SCHILY.xattr.user.x", "SCHILY.xattr.trusted.y", $"SCHILY.xattr.{new string('n', 300)}",
            "SCHILY.xattr.security.capability", "SCHILY.xattr.", "SCHILY.xattr.system.posix_acl_access", "hdrcharset", "GNU.sparse.major", "", "\u001b");
        string value = Pick(Name(), "0", "-1", "1.5", "9223372036854775807", "99999999999999999999999999999", "4294967295", "1e5", "", "\0", "=\n=",
            new string('v', random.Next(70_000)), "79228162514264337593543950335");
        int length = key.Length + value.Length + 3;
        length += (length + length.ToString(CultureInfo.InvariantCulture).Length).ToString(CultureInfo.InvariantCulture).Length;
        return $"{Rarely(Pick("0", "-5", "99999999999", "1", "", "4"), length.ToString(CultureInfo.InvariantCulture))} {key}={value}\n";
    }

    private string Name() => Pick(
        "a", "b", "c", "a/b", "a/c", "b/d", "./a/b/c", "link", "link/x", "link/../x", "e/f/g/h", "old", "a", "./b/", "é", "\u00ff\u00fe", "a\nb", "\u001b[31mred",
        random.Next(3) > 0 ? "f" : Pick("..", "../x", "/tmp/splice-hostile", $"{outside}/new", "a/../../x", "", ".", "/", "//", "a//b", "../outside/precious", "a/..", "...", "-rf"),
        $"n{random.Next(100)}", $"n{random.Next(100)}/m", string.Concat(Enumerable.Repeat("d/", 49)), new string('n', 100));

    private long Size() => Pick(1, -1, 511, 512, 100_000, 1 << 20, (1 << 20) + 1, 1L << 31, 1L << 33, (1L << 33) - 1, 1L << 40, long.MaxValue, long.MinValue);

    private void Header(string name, char type, long size, string target = "")
    {
        byte[] header = new byte[BlockSize];
        Put(0, 100, name);
        Put(100, 8, Rarely(Pick("7777777", "4755", "x", ""), "0000755"));
        Put(108, 8, Rarely(Pick("7777777", "-1", ""), "0000000"));
        Put(116, 8, "0000000");
        Number(124, 12, size);
        Number(136, 12, Rarely(Size(), 1_700_000_000));
        header[156] = (byte)type;
        Put(157, 100, target);
        Put(257, 8, Pick("ustar\00000", "ustar\00000", "ustar  \0", ""));
        Put(329, 8, Rarely(Pick("x", "7777777"), "0000001"));
        Put(337, 8, "0000003");
        Put(345, 155, Rarely(Pick("..", "/", outside, "p"), string.Empty));
        if (random.Next(60) == 0)
        {
            _isRight = false;
            header[random.Next(BlockSize)] = (byte)random.Next(256);
        }

        header.AsSpan(148, 8).Fill((byte)' ');
        Put(148, 8, Rarely("0000000", $"{Convert.ToString(header.Sum(one => one), 8).PadLeft(6, '0')}\0 "));
        _bytes.AddRange(header);

        void Put(int offset, int length, string text) => Encoding.Latin1.GetBytes(text[..Math.Min(text.Length, length)]).CopyTo(header, offset);

        void Number(int offset, int length, long number)
        {
            if (number >= 0 && number < 1L << (3 * (length - 1)))
            {
                Put(offset, length, Convert.ToString(number, 8).PadLeft(length - 1, '0'));
                return;
            }

            header.AsSpan(offset, length).Fill((byte)(number < 0 ? 0xFF : 0));
            System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(offset + length - 8), number);
            header[offset] |= 0x80;
        }
    }

    /// <summary>One stream in four is cut, or changed in some bytes or blocks.</summary>
    private byte[] Mutated()
    {
        byte[] bytes = [.. _bytes];
        if (bytes.Length == 0 || random.Next(4) > 0)
        {
            return bytes;
        }

        _isRight = false;
        int at = random.Next(bytes.Length);
        int block = at / BlockSize * BlockSize;
        switch (random.Next(5))
        {
            case 0:
                return bytes[..at];
            case 1:
                return [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(2000))..]];
            case 2:
                return [.. bytes[..block], .. bytes[Math.Max(0, block - (random.Next(8) * BlockSize))..]];
            case 3:
                random.NextBytes(bytes.AsSpan(at, Math.Min(bytes.Length - at, random.Next(600))));
                return bytes;
            default:
                for (int i = random.Next(10); i >= 0; i--)
                {
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                }

                return bytes;
        }
    }

    private void Text(string text) => _bytes.AddRange(Encoding.Latin1.GetBytes(text));

    private T Rarely<T>(T wrong, T right)
    {
        if (random.Next(25) > 0)
        {
            return right;
        }

        _isRight = false;
        return wrong;
    }

    private T Pick<T>(params T[] all) => all[random.Next(all.Length)];
}
