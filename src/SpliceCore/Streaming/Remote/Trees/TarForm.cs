using System.Formats.Tar;
using System.Text;

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
