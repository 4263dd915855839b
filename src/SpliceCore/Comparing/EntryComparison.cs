using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Comparing;

/// <summary>Compares two open items of the same name.</summary>
internal sealed class EntryComparison(ComparisonRequest request, CancellationToken cancellation)
{
    private const int ShownValue = 64; // bytes of an attribute

    private readonly List<PropertyDifference> _differences = [];
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>The comparison of the content, while it runs and afterwards; null if there is none.</summary>
    public ContentComparison? Content { get; private set; }

    /// <summary>Compares.</summary>
    /// <param name="path">Formats as the path in the result.</param>
    /// <param name="findsOffset">True to read also files of different sizes, for the first byte that differs.</param>
    /// <param name="reportsEqual">True to return a result also if both are equal.</param>
    /// <param name="threads">Number of threads for the content.</param>
    /// <param name="tick">Called a few times a second; may be null.</param>
    /// <returns>The result; null if both are equal and that is not to be reported.</returns>
    public ComparisonResult? Run(
        object path, Descriptor reference, Descriptor difference, bool findsOffset, bool reportsEqual, int threads = 1, Action? tick = null)
    {
        long? first = null;
        if (reference.Kind == difference.Kind || (HasBytes(reference) && HasBytes(difference)))
        {
            first = CompareContent(reference, difference, findsOffset, threads, tick);
            CompareMetadata(reference, difference);
        }
        else
        {
            Add("Type", TypeOf(reference.Kind), TypeOf(difference.Kind));
        }

        return _differences.Count == 0 && !reportsEqual ? null : new ComparisonResult
        {
            Path = path.ToString()!,
            ReferencePath = reference.Name,
            DifferencePath = difference.Name,
            Differences = _differences,
            FirstDifference = first,
            ReferenceType = TypeOf(reference.Kind),
            DifferenceType = TypeOf(difference.Kind),
            ReferenceLength = LengthOf(reference),
            DifferenceLength = LengthOf(difference),
            BytesRead = Content?.BytesRead ?? 0,
            BytesShared = Content?.BytesShared ?? 0,
            BytesInHoles = Content?.BytesInHoles ?? 0,
            Elapsed = Stopwatch.GetElapsedTime(_started),
        };
    }

    public static string TypeOf(DescriptorKind kind) => kind switch
    {
        DescriptorKind.Regular => "File",
        DescriptorKind.Directory => "Folder",
        DescriptorKind.Character => "CharacterDevice",
        DescriptorKind.Block => "BlockDevice",
        _ => kind.ToString(),
    };

    private static bool HasBytes(Descriptor item) =>
        item.Kind == DescriptorKind.Regular || (item.Kind == DescriptorKind.Block && item.IsReadable);

    private static long? LengthOf(Descriptor item) => HasBytes(item) ? item.Size : null;

    /// <summary>Device nodes in trees were not opened for reading: they have a number in place of content.</summary>
    private long? CompareContent(Descriptor reference, Descriptor difference, bool findsOffset, int threads, Action? tick)
    {
        bool isSameSize = LengthOf(reference) == LengthOf(difference);
        if (request.Properties.HasFlag(ComparedProperties.Size) && !isSameSize)
        {
            Add("Size", Number(reference.Size), Number(difference.Size));
        }

        if (!request.Properties.HasFlag(ComparedProperties.Content))
        {
            return null;
        }

        switch (reference.Kind)
        {
            case DescriptorKind.SymbolicLink:
                CompareTargets(TargetOf(reference), TargetOf(difference));
                return null;
            case DescriptorKind.Character or DescriptorKind.Block when !reference.IsReadable:
                Compare("Content", NumberOf(reference), NumberOf(difference));
                return null;
            case DescriptorKind.Regular or DescriptorKind.Block:
                bool isKnownToDiffer = !isSameSize && reference.Size > 0 && difference.Size > 0;
                if (isKnownToDiffer && !findsOffset)
                {
                    Add("Content", Bytes(reference.Size), Bytes(difference.Size));
                    return null;
                }

                Content = new ContentComparison(reference, difference, request, cancellation);
                if (Content.Run(threads, tick) is not long first)
                {
                    return null;
                }

                Add("Content", isSameSize ? ByteAt(reference, first) : Bytes(reference.Size), isSameSize ? ByteAt(difference, first) : Bytes(difference.Size));
                return first;
            default:
                return null;
        }
    }

    /// <summary>Returns a byte as text; null if the file ends there.</summary>
    private static string? ByteAt(Descriptor file, long offset)
    {
        Span<byte> one = stackalloc byte[1];
        return LibC.Read(file.Handle, one, offset).Value == 1 ? $"0x{one[0]:X2}" : null;
    }

    private void CompareMetadata(Descriptor reference, Descriptor difference)
    {
        (FileStatus one, FileStatus other) = (reference.Status, difference.Status);
        if (request.Properties.HasFlag(ComparedProperties.Mode))
        {
            Compare("Mode", Octal(one.Permissions), Octal(other.Permissions));
        }

        if (request.Properties.HasFlag(ComparedProperties.Ownership))
        {
            Compare("Ownership", $"{one.UserId}:{one.GroupId}", $"{other.UserId}:{other.GroupId}");
        }

        if (request.Properties.HasFlag(ComparedProperties.Timestamps) && one.ModificationTime.CompareTo(other.ModificationTime) != 0)
        {
            Add("Timestamps", Time(one.ModificationTime), Time(other.ModificationTime));
        }

        CompareAttributes(reference, difference, ComparedProperties.Xattr, ExtendedAttributes.TravelsWithContent);
        CompareAttributes(reference, difference, ComparedProperties.Acl, ExtendedAttributes.IsList);
    }

    private void CompareAttributes(Descriptor reference, Descriptor difference, ComparedProperties property, Func<FileName, bool> isWanted)
    {
        if (!request.Properties.HasFlag(property))
        {
            return;
        }

        Dictionary<FileName, byte[]> one = AttributesOf(reference, isWanted);
        Dictionary<FileName, byte[]> other = AttributesOf(difference, isWanted);
        foreach (FileName name in one.Keys.Union(other.Keys).OrderBy(TextOf, StringComparer.Ordinal))
        {
            byte[]? left = one.GetValueOrDefault(name);
            byte[]? right = other.GetValueOrDefault(name);
            if (left is null || right is null || !left.AsSpan().SequenceEqual(right))
            {
                Add(property.ToString(), Attribute(name, left), Attribute(name, right));
            }
        }
    }

    private static Dictionary<FileName, byte[]> AttributesOf(Descriptor item, Func<FileName, bool> isWanted)
    {
        Dictionary<FileName, byte[]> attributes = [];
        SysResult result = LibC.ListAttributes(item.Handle, out List<FileName> names);
        foreach (FileName name in result.Ok ? names.Where(isWanted) : [])
        {
            result = LibC.GetAttribute(item.Handle, name, out byte[] value);
            if (!result.Ok)
            {
                break;
            }

            attributes[name] = value;
        }

        return result.Ok || result.Errno == Errno.EOPNOTSUPP ? attributes : throw FileFailures.OpenSource(item.Name, result.Errno);
    }

    private static string? Attribute(FileName name, byte[]? value) => value is null ? null
        : value.Length <= ShownValue ? $"{TextOf(name)}={Hex(value)}"
        : $"{TextOf(name)}={Hex(value.AsSpan(0, ShownValue))}... ({Bytes(value.Length)})";

    private static FileName TargetOf(Descriptor link)
    {
        SysResult read = LibC.ReadLink(link.Handle, out FileName target);
        return read.Ok ? target : throw FileFailures.OpenSource(link.Name, read.Errno);
    }

    /// <summary>Returns a name as text, in which bytes that are not UTF-8 are escaped: \xE9.</summary>
    private static string TextOf(FileName name)
    {
        var text = new StringBuilder();
        for (ReadOnlySpan<byte> rest = name.Bytes; rest.Length > 0;)
        {
            if (Rune.DecodeFromUtf8(rest, out Rune character, out int length) == OperationStatus.Done)
            {
                text.Append(character.ToString());
                rest = rest[length..];
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"\\x{rest[0]:X2}");
                rest = rest[1..];
            }
        }

        return text.ToString();
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => $"0x{Convert.ToHexString(bytes)}";

    private static string NumberOf(Descriptor device) => $"{device.Status.SpecialDevice.Major}:{device.Status.SpecialDevice.Minor}";

    private static string Octal(uint mode) => Convert.ToString(mode, 8).PadLeft(4, '0');

    private static string Bytes(long count) => ByteText.Count(count);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Returns a time as text, to the nanosecond, also one that <see cref="DateTime"/> cannot hold.</summary>
    private static string Time(LibC.StatxTimestamp time)
    {
        const long First = -62135596800; // year 1
        const long Last = 253402300799; // year 9999
        string seconds = time.Seconds is >= First and <= Last
            ? DateTime.UnixEpoch.AddSeconds(time.Seconds).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)
            : Number(time.Seconds);
        return string.Create(CultureInfo.InvariantCulture, $"{seconds}.{time.Nanoseconds:D9}");
    }

    private void CompareTargets(FileName reference, FileName difference)
    {
        if (reference != difference)
        {
            // A target can have the characters of an escape.
            (string one, string other) = (TextOf(reference), TextOf(difference));
            bool isSameText = one == other;
            Add("Content", isSameText ? Hex(reference.Bytes) : one, isSameText ? Hex(difference.Bytes) : other);
        }
    }

    private void Compare(string property, string? reference, string? difference)
    {
        if (reference != difference)
        {
            Add(property, reference, difference);
        }
    }

    private void Add(string property, string? reference, string? difference) =>
        _differences.Add(new PropertyDifference(property, reference, difference));
}
