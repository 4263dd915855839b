using System.Buffers.Binary;
using System.Formats.Tar;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Splice.Streaming.Remote.Trees;

/// <summary>A tar stream in one of the two formats that hosts read: pax, and GNU's old one for a tar that knows no pax records
/// (busybox). The library writes it; what it cannot be given is put in afterwards, byte for byte.</summary>
internal sealed class TarForm : IDisposable
{
    public const int BlockSize = 512;

    private readonly MemoryStream _pending = new();
    private readonly MemoryStream _header = new();
    private readonly TarWriter _writer;
    private readonly TarEntryFormat _format;

    private readonly bool _hasAttributes;

    public TarForm(TarEntryFormat format, bool hasAttributes, IReadOnlyList<Delivery> deliveries)
    {
        _format = format;
        _hasAttributes = hasAttributes;
        _writer = new TarWriter(_header, format, leaveOpen: true);
        Deliveries = deliveries;
    }

    /// <summary>The hosts that want it in this form.</summary>
    public IReadOnlyList<Delivery> Deliveries { get; }

    public bool IsPax => _format == TarEntryFormat.Pax;

    /// <summary>How much has not been sent yet, in bytes.</summary>
    public long PendingLength => _pending.Length;

    /// <summary>The bytes that fill the last block of a content.</summary>
    public static int PaddingOf(long length) => (int)(-length & (BlockSize - 1));

    /// <summary>Adds a header.</summary>
    public void Add(TarItem item)
    {
        item = _hasAttributes ? item : item with { Mode = item.Mode & ~item.MaskBits };
        _header.SetLength(0);
        _writer.WriteEntry(IsPax ? PaxEntry(item) : Fill(new GnuTarEntry(item.Type, Text(item.Path)), item));
        Span<byte> header = _header.GetBuffer().AsSpan(0, (int)_header.Length - PaddingOf(item.Length));
        if (IsPax)
        {
            TarBytes.PutIntoPax(header, item);
        }
        else
        {
            TarBytes.PutIntoGnu(header, item);
        }

        _pending.Write(header);
    }

    /// <summary>Adds some of a content, or what fills its last block.</summary>
    public void Add(ReadOnlySpan<byte> bytes) => _pending.Write(bytes);

    /// <summary>Adds the end.</summary>
    public void End()
    {
        _header.SetLength(0);
        _writer.Dispose();
        _pending.Write(_header.GetBuffer().AsSpan(0, (int)_header.Length));
    }

    /// <summary>Takes what has not been sent yet. It is valid until more is added.</summary>
    public ReadOnlyMemory<byte> Take()
    {
        ReadOnlyMemory<byte> bytes = _pending.GetBuffer().AsMemory(0, (int)_pending.Length);
        _pending.SetLength(0);
        return bytes;
    }

    public void Dispose()
    {
        _writer.Dispose();
        _header.Dispose();
        _pending.Dispose();
    }

    private static PaxTarEntry PaxEntry(TarItem item) =>
        Fill(new PaxTarEntry(item.Type, Text(item.Path), item.Records.Select(
            (record, i) => KeyValuePair.Create(TarBytes.StandIn(i, record.Key), Text(record.Value)))), item);

    private static T Fill<T>(T entry, TarItem item)
        where T : PosixTarEntry
    {
        entry.Mode = (UnixFileMode)item.Mode;
        entry.Uid = item.UserId <= int.MaxValue ? (int)item.UserId : 0;
        entry.Gid = item.GroupId <= int.MaxValue ? (int)item.GroupId : 0;
        entry.ModificationTime = DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(
            item.Time.Seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds()));
        if (item.Target.Length > 0)
        {
            entry.LinkName = Text(item.Target);
        }

        if (item.Type is TarEntryType.BlockDevice or TarEntryType.CharacterDevice)
        {
            entry.DeviceMajor = (int)item.Device.Major;
            entry.DeviceMinor = (int)item.Device.Minor;
        }

        if (item.Length > 0)
        {
            entry.DataStream = new AnnouncedContent(item.Length);
        }

        return entry;
    }

    /// <summary>The bytes as text, or as much text as there are bytes.</summary>
    private static string Text(byte[] bytes) => TarBytes.IsText(bytes) ? Encoding.UTF8.GetString(bytes) : new string('x', bytes.Length);
}

/// <summary>Puts into headers that the library has written what no string stands for: names and values of any bytes, in place of
/// as many others, and times to the nanosecond.</summary>
/// <remarks><see href="https://www.gnu.org/software/tar/manual/html_node/Standard.html">the format</see>,
/// <see href="https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html">pax(1)</see></remarks>
internal static class TarBytes
{
    private const int NameAt = 0;
    private const int NameLength = 100;
    private const int UserIdAt = 108;
    private const int GroupIdAt = 116;
    private const int SizeAt = 124;
    private const int SizeLength = 11;
    private const int ChecksumAt = 148;
    private const int ChecksumLength = 8;
    private const int TypeAt = 156;
    private const int TargetAt = 157;
    private const int OldTimesAt = 345;
    private const int OldTimesLength = 24;

    /// <summary>True if the library can be given these bytes.</summary>
    public static bool IsText(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes) && !bytes.Contains((byte)'\n');

    /// <summary>What the library is given for the key of a record, of as many bytes, and of no other record.</summary>
    public static string StandIn(int index, byte[] key) => index.ToString(CultureInfo.InvariantCulture).PadRight(key.Length, 'x');

    /// <summary>In pax records. Of each name in the header itself nobody takes note any more.</summary>
    public static void PutIntoPax(Span<byte> header, TarItem item)
    {
        IReadOnlyList<(byte[] Key, byte[] Value)> own = item.Records;
        Dictionary<string, (byte[] Key, byte[] Value)> standIns = Enumerable.Range(0, own.Count).ToDictionary(i => StandIn(i, own[i].Key), i => own[i]);
        standIns["path"] = ("path"u8.ToArray(), item.Path);
        standIns["linkpath"] = ("linkpath"u8.ToArray(), item.Target);

        // The library's own time has 100 nanoseconds for its smallest part, and comes last.
        standIns["mtime"] = ("ctime"u8.ToArray(), []);
        Span<byte> records = header.Slice(TarForm.BlockSize, Length(header));
        while (!records.IsEmpty)
        {
            int space = records.IndexOf((byte)' ');
            int end = int.Parse(Encoding.ASCII.GetString(records[..space]), CultureInfo.InvariantCulture);
            int equals = records.IndexOf((byte)'=');
            Span<byte> key = records[(space + 1)..equals];
            Span<byte> value = records[(equals + 1)..(end - 1)];
            if (standIns.TryGetValue(Encoding.UTF8.GetString(key), out var meant))
            {
                meant.Key.CopyTo(key);
                meant.Value.CopyTo(value);
            }

            records = records[end..];
        }
    }

    /// <summary>In a header of GNU's old format, and in the blocks with long names before it. Its own times of access and change
    /// are where others have a part of the name.</summary>
    public static void PutIntoGnu(Span<byte> header, TarItem item)
    {
        while (header[TypeAt] is (byte)'L' or (byte)'K')
        {
            byte[] name = header[TypeAt] == (byte)'L' ? item.Path : item.Target;
            name.CopyTo(header[TarForm.BlockSize..]);
            int length = Length(header);
            header = header[(TarForm.BlockSize + length + TarForm.PaddingOf(length))..];
        }

        item.Path.AsSpan(0, Math.Min(item.Path.Length, NameLength)).CopyTo(header[NameAt..]);
        item.Target.AsSpan(0, Math.Min(item.Target.Length, NameLength)).CopyTo(header[TargetAt..]);
        PutLargeId(header[UserIdAt..], item.UserId);
        PutLargeId(header[GroupIdAt..], item.GroupId);
        header.Slice(OldTimesAt, OldTimesLength).Clear();
        header.Slice(ChecksumAt, ChecksumLength).Fill((byte)' ');
        int sum = 0;
        foreach (byte one in header[..TarForm.BlockSize])
        {
            sum += one;
        }

        Encoding.ASCII.GetBytes(Convert.ToString(sum, toBase: 8).PadLeft(ChecksumLength - 2, '0') + "\0 ").CopyTo(header[ChecksumAt..]);
    }

    /// <summary>In binary, which the first bit tells.</summary>
    private static void PutLargeId(Span<byte> field, uint id)
    {
        if (id > int.MaxValue)
        {
            BinaryPrimitives.WriteUInt64BigEndian(field, (1UL << 63) | id);
        }
    }

    private static int Length(ReadOnlySpan<byte> header) =>
        Convert.ToInt32(Encoding.ASCII.GetString(header.Slice(SizeAt, SizeLength)), fromBase: 8);
}
