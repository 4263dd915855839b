using System.Globalization;
using System.Text;
using Splice.Copying;
using Splice.Descriptors;

namespace Splice.Streaming.Remote.Trees;

/// <summary>An item of a folder on a host.</summary>
/// <param name="Index">Its number in the listing.</param>
/// <param name="Status">Its status. The device is not one of this machine.</param>
/// <param name="Target">The target of a symbolic link; empty for all others.</param>
internal sealed record HostItem(int Index, FileStatus Status, byte[] Target);

/// <summary>Decision about an item that a host has.</summary>
internal enum HostMark : byte
{
    /// <summary>The source does not have it.</summary>
    None = 0,

    /// <summary>Nothing.</summary>
    Kept,

    /// <summary>Its metadata are set.</summary>
    MetadataOnly,

    /// <summary>It is replaced.</summary>
    Replaced,

    /// <summary>It is replaced by an item of another type, and one of both is a folder.</summary>
    Conflict,

    /// <summary>Nothing, although the source has an item of another type.</summary>
    Frozen,
}

/// <summary>The items of a folder on a host, as listing.sh prints them. Their text is kept as it came, so that the memory is bounded by its
/// length, whatever a host sends.</summary>
/// <param name="token">The separator for a host whose find does not print zeros: text that no name contains.</param>
/// <param name="preserve">The attributes to compare.</param>
internal sealed class HostListing(string token, PreserveAttributes preserve)
{
    private const int MaxLength = 128 << 20;
    private const int ReadSize = 64 << 10;
    private const int FieldsPerItem = 3;

    private readonly List<int> _items = []; // offsets in the text
    private readonly List<HostMark> _marks = [];
    private readonly HostText _text = new();
    private readonly byte[] _token = Encoding.ASCII.GetBytes(token);
    private byte[] _separator = [0];
    private string[]? _head;
    private int[] _slots = new int[1024]; // numbers of items plus 1, by the hashes of their paths
    private int _fields;
    private int _itemStart;
    private int _fieldStart;
    private bool _hasItems;

    /// <summary>The final path of the folder, where the host prints it; null otherwise.</summary>
    public string? Path { get; private set; }

    /// <summary>The paths of mount points in the folder, of which each starts with a slash; each byte is a character.</summary>
    public HashSet<string> Mounts { get; } = [];

    /// <summary>True if the host could not read all of the folder.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>True if the whole listing has come.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Number of items, with the folder itself; 0 if it is missing.</summary>
    public int Count => _items.Count;

    /// <summary>True if the user there is root.</summary>
    public bool IsRoot => _head is [_, _, _, "0", ..];

    /// <summary>The precision of the times in the listing, and of the file system there, in nanoseconds.</summary>
    public long TimeUnit => _head is ["find", string type, string birth, ..] ? HostStatus.TimeUnitOf(type, birth) : TimePrecision.Second;

    /// <summary>The extended attributes of the items; null if the host cannot list them.</summary>
    public HostAttributes? Attributes { get; private set; }

    /// <summary>Reads what has come.</summary>
    /// <returns>True if the listing is complete.</returns>
    public bool TryRead(SshSession session)
    {
        while (_head is null)
        {
            if (session.TryReadLine() is not string line)
            {
                return false;
            }

            int start = line.IndexOf(HostScript.List, StringComparison.Ordinal);
            AddMount(line);
            Path = line.StartsWith(HostScript.Path, StringComparison.Ordinal) ? HostUpload.ParsePath(line[HostScript.Path.Length..]) : Path;
            _head = start < 0 ? null : line[(start + HostScript.List.Length)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            _separator = _head is ["stat", ..] ? _token : _separator;
            IsComplete = _head is ["none", ..];
        }

        while (!IsComplete && _text.TryRead(session, ReadSize))
        {
            if (_text.Length > MaxLength)
            {
                session.Fail(RemoteFailure.TooManyItems(session.Host.Text));
                return false;
            }

            Parse();
        }

        return IsComplete;
    }

    /// <summary>Finds an item; null if the host does not have it.</summary>
    /// <param name="path">Its path from the top, which starts with a slash; empty for the top.</param>
    public HostItem? Find(ReadOnlySpan<byte> path) => IndexOf(path) is int index ? Read(index) : null;

    /// <summary>Returns the number of an item; null if the host does not have it.</summary>
    /// <param name="path">Its path, as <see cref="Find"/> takes it.</param>
    public int? IndexOf(ReadOnlySpan<byte> path)
    {
        int slot = SlotOf(path.IsEmpty ? "."u8 : path[1..]);
        return _slots[slot] > 0 ? _slots[slot] - 1 : null;
    }

    /// <summary>Returns an item.</summary>
    /// <param name="path">Its path from the top, as <see cref="Find"/> takes it.</param>
    public HostItem? ItemAt(int index, out byte[] path)
    {
        ReadOnlySpan<byte> name = PathOf(index);
        path = name is [(byte)'.'] ? [] : [(byte)'/', .. name];
        return Read(index);
    }

    public HostMark MarkOf(int index) => _marks[index];

    public void Mark(int index, HostMark mark) => _marks[index] = mark;

    private void Parse()
    {
        while (!IsComplete && !_hasItems && _text.IndexOf(_separator, _fieldStart) is int end and >= 0)
        {
            if (_fields == 0 && _text.Bytes[_fieldStart..end].Trim("\n"u8) is [(byte)'=' or (byte)'!'] mark)
            {
                IsPartial = mark[0] == (byte)'!';
                _hasItems = true;
                _itemStart = end + _separator.Length;
                break;
            }

            _fieldStart = end + _separator.Length;
            if (++_fields == FieldsPerItem)
            {
                Add(_itemStart);
                (_fields, _itemStart) = (0, _fieldStart);
            }
        }

        if (!_hasItems || IsComplete)
        {
            return;
        }

        bool hasAttributes = _head is [.., "getfattr"];
        int zero = hasAttributes ? _text.IndexOf([0], _itemStart) : _itemStart;
        if (zero >= 0)
        {
            Attributes = hasAttributes ? HostAttributes.Parse(_text.Bytes[_itemStart..zero], IsRoot, preserve) : null;
            _text.Cut(_itemStart);
            IsComplete = true;
        }
    }

    private void AddMount(string line)
    {
        if (line.StartsWith(HostScript.Mount, StringComparison.Ordinal))
        {
            try
            {
                Mounts.Add(Encoding.Latin1.GetString(Convert.FromHexString(line[HostScript.Mount.Length..])));
            }
            catch (FormatException)
            {
                // Another program printed it.
            }
        }
    }

    private void Add(int offset)
    {
        _items.Add(offset);
        _marks.Add(HostMark.None);
        if (_items.Count * 2 > _slots.Length)
        {
            _slots = new int[_slots.Length * 2];
            for (int i = 0; i < _items.Count - 1; i++)
            {
                _slots[SlotOf(PathOf(i))] = i + 1;
            }
        }

        // Of a path that comes twice, the last one counts.
        _slots[SlotOf(PathOf(_items.Count - 1))] = _items.Count;
    }

    /// <summary>Returns the slot of a path, or the empty one for it.</summary>
    private int SlotOf(ReadOnlySpan<byte> path)
    {
        // The seed of the process keeps a host from choosing paths with the same hash.
        var hash = default(HashCode);
        hash.AddBytes(path);
        int slot = hash.ToHashCode() & (_slots.Length - 1);
        while (_slots[slot] > 0 && !PathOf(_slots[slot] - 1).SequenceEqual(path))
        {
            slot = (slot + 1) & (_slots.Length - 1);
        }

        return slot;
    }

    private ReadOnlySpan<byte> PathOf(int index)
    {
        ReadOnlySpan<byte> path = Field(index, 1);
        return path.StartsWith("./"u8) ? path[2..] : path;
    }

    private ReadOnlySpan<byte> Field(int index, int number)
    {
        ReadOnlySpan<byte> rest = _text.Bytes[_items[index]..];
        for (; number > 0; number--)
        {
            rest = rest[(rest.IndexOf(_separator) + _separator.Length)..];
        }

        return rest[..rest.IndexOf(_separator)];
    }

    private HostItem? Read(int index)
    {
        return HostStatus.TryParse(Field(index, 0).Trim("\n"u8)) is { } status
            ? new HostItem(index, status, TargetOf(index, status.Kind))
            : null;
    }

    /// <summary>busybox prints 'name' -> 'target', without escapes.</summary>
    private byte[] TargetOf(int index, DescriptorKind kind)
    {
        if (kind != DescriptorKind.SymbolicLink)
        {
            return [];
        }

        ReadOnlySpan<byte> target = Field(index, 2);
        if (_separator == _token)
        {
            byte[] prefix = [(byte)'\'', .. Field(index, 1), .. "' -> '"u8];
            target = target.StartsWith(prefix) && target.EndsWith("'"u8) && target.Length > prefix.Length ? target[prefix.Length..^1] : [];
        }

        return target.ToArray();
    }
}

/// <summary>Bytes that a host has printed so far.</summary>
internal sealed class HostText
{
    private byte[] _bytes = [];
    private int _searched;
    private int _searchStart;

    public int Length { get; private set; }

    /// <summary>Number of bytes to come.</summary>
    public int Expected { get; init; }

    /// <summary>Number of bytes that are missing.</summary>
    public int Missing => Expected - Length;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);

    /// <summary>Reads some bytes.</summary>
    /// <param name="count">The most bytes to read.</param>
    /// <returns>False if none have come, or no more will.</returns>
    public bool TryRead(SshSession session, int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        }

        int read = session.TryRead(_bytes.AsSpan(Length, count));
        Length += read;
        return read > 0;
    }

    /// <summary>Finds a separator. What was searched before is not searched again.</summary>
    public int IndexOf(ReadOnlySpan<byte> separator, int start)
    {
        int from = start == _searchStart ? Math.Max(start, _searched - separator.Length) : start;
        int found = Bytes[from..].IndexOf(separator);
        (_searchStart, _searched) = (start, Length);
        return found < 0 ? -1 : from + found;
    }

    /// <summary>Forgets the bytes from an offset on.</summary>
    public void Cut(int length)
    {
        Length = length;
        Array.Resize(ref _bytes, length);
    }
}

/// <summary>The names of the files that a host found equal.</summary>
/// <param name="sums">The SHA-256 of the files that it compares.</param>
internal sealed class EqualNames(ChecksumList sums)
{
    private HostText? _text;

    public HashSet<string> Names => _text is null ? [] : [.. Encoding.Latin1.GetString(_text.Bytes).Split('\n')];

    /// <summary>Reads what has come.</summary>
    /// <returns>True if all names have come.</returns>
    public bool TryRead(SshSession session)
    {
        if (_text is null && session.TryReadAnswer(HostScript.Equal) is string length)
        {
            // No more than was sent.
            int most = sums.Plain.Length + sums.Escaped.Length;
            _text = new HostText { Expected = int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? Math.Min(count, most) : 0 };
        }

        while (_text?.Missing > 0 && _text.TryRead(session, _text.Missing))
        {
        }

        return _text?.Missing == 0;
    }
}
