using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>Name of a partial file: the destination's name, a dot, 16 digits of a hash of the copy's source, range and options, and
/// ".splice-partial".</summary>
internal static class PartialName
{
    private const int LongestName = 255; // NAME_MAX
    private const int Digits = 16;

    private static readonly SearchValues<byte> Hexadecimal = SearchValues.Create("0123456789abcdef"u8);

    private static int MostOfName => LongestName - 1 - Digits - Suffix.Length;

    private static ReadOnlySpan<byte> Suffix => ".splice-partial"u8;

    public static FileName Of(FileName name, Descriptor source, TransferSpec spec)
    {
        ReflinkMode reflink = spec.Method == TransferMethod.Reflink ? ReflinkMode.Always : spec.Reflink;
        FileStatus status = source.Status;
        long[] numbers =
        [
            LibC.EffectiveUserId, // one user's copy is not resumed by another
            (long)status.Identity.Device, (long)status.Identity.Inode, (long)status.Identity.SpecialDevice,
            source.Size, status.ModificationTime.Seconds, status.ModificationTime.Nanoseconds,
            status.ChangeTime.Seconds, status.ChangeTime.Nanoseconds, // a modification time can be set, this one cannot
            spec.Offset!.Value, spec.Length!.Value, (long)reflink, (long)spec.Sparse,
        ];
        return Of(name, numbers);
    }

    /// <summary>Returns the name of the marker beside a partial copy of a folder, whose entries may change during the copy.</summary>
    public static FileName OfFolder(FileName name, FileStatus source) =>
        Of(name, [LibC.EffectiveUserId, (long)source.Inode.Device, (long)source.Inode.Inode]);

    /// <summary>Returns the name of the marker if the source or the copy is on a host.</summary>
    /// <param name="name">The name of the copy.</param>
    /// <param name="source">The identity of the source.</param>
    public static FileName OfFolder(FileName name, string source) => With(name, SuffixOf([.. Encoding.UTF8.GetBytes(source), .. name.Bytes]));

    /// <summary>True if a name is that of a partial file for a destination, whatever the source is. The names of those with a long
    /// destination's name are cut, and ambiguous.</summary>
    public static bool IsFor(FileName name, FileName destination)
    {
        ReadOnlySpan<byte> rest = name.Bytes;
        return destination.Bytes.Length <= MostOfName
            && rest.Length == destination.Bytes.Length + 1 + Digits + Suffix.Length
            && rest.StartsWith(destination.Bytes)
            && rest[destination.Bytes.Length] == (byte)'.'
            && rest.EndsWith(Suffix)
            && !rest.Slice(destination.Bytes.Length + 1, Digits).ContainsAnyExcept(Hexadecimal);
    }

    /// <summary>Returns the suffix of the names of one source's partial files.</summary>
    public static string SuffixOf(ReadOnlySpan<byte> identity) =>
        $".{Convert.ToHexString(SHA256.HashData(identity), 0, Digits / 2).ToLowerInvariant()}{Encoding.ASCII.GetString(Suffix)}";

    /// <summary>Returns a name with a suffix, cut to NAME_MAX.</summary>
    public static FileName With(FileName name, string suffix) =>
        new([.. name.Bytes[..Math.Min(name.Bytes.Length, MostOfName)], .. Encoding.ASCII.GetBytes(suffix)]);

    private static FileName Of(FileName name, long[] numbers)
    {
        byte[] text = new byte[(numbers.Length * sizeof(long)) + name.Bytes.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(text.AsSpan(i * sizeof(long)), numbers[i]);
        }

        name.Bytes.CopyTo(text.AsSpan(numbers.Length * sizeof(long)));
        return With(name, SuffixOf(text));
    }
}

/// <summary>Temporary and partial files and folders of this and of other processes, by their names.</summary>
internal static class TemporaryNames
{
    private const int Digits = 16;

    private static readonly SearchValues<byte> Hexadecimal = SearchValues.Create("0123456789abcdef"u8);

    /// <summary>True for a name that only this module gives: of a file or folder that is not complete.</summary>
    public static bool Contains(FileName name) =>
        IsTemporary(name)
        || IsStagingFolder(name)
        || (name.Bytes.LastIndexOf((byte)'.') is > Digits and int dot
            && name.Bytes[dot - Digits - 1] == (byte)'.' && IsNumber(name.Bytes[(dot - Digits)..], ".splice-partial"u8));

    /// <summary>True for the name of a file, or of a folder in which a tree from a host is extracted, that is not complete.</summary>
    public static bool IsTemporary(FileName name) =>
        name.Bytes.StartsWith(".splice-"u8) && IsNumber(name.Bytes[".splice-"u8.Length..], ".tmp"u8);

    /// <summary>True for the name of a folder in which a move builds its copy.</summary>
    public static bool IsStagingFolder(FileName name) =>
        name.Bytes.StartsWith(".splice-"u8) && IsNumber(name.Bytes[".splice-"u8.Length..], ".move"u8);

    /// <summary>True if a file or folder has such a name and is locked by the copy that writes it.</summary>
    public static bool IsInUse(SafeHandle folder, FileName name)
    {
        if (!Contains(name))
        {
            return false;
        }

        SysResult opened = LibC.OpenAt(
            folder, name, LibC.O_RDONLY | LibC.O_NOFOLLOW | LibC.O_NONBLOCK | LibC.O_NOCTTY, 0, out SafeFileHandle file);
        using (file)
        {
            return opened.Ok && LibC.Lock(file).Errno == Errno.EAGAIN;
        }
    }

    private static bool IsNumber(ReadOnlySpan<byte> text, ReadOnlySpan<byte> suffix) =>
        text.Length == Digits + suffix.Length && text[Digits..].SequenceEqual(suffix) && !text[..Digits].ContainsAnyExcept(Hexadecimal);
}

/// <summary>Partial files in a directory.</summary>
internal static class PartialFiles
{
    /// <summary>True if an open file still has a name.</summary>
    public static bool Has(SafeHandle folder, FileName name, SafeFileHandle file)
    {
        SysResult opened = LibC.OpenAt(folder, name, LibC.O_PATH | LibC.O_NOFOLLOW, 0, out SafeFileHandle named);
        using (named)
        {
            return opened.Ok
                && FileStatus.TryGet(named, out FileStatus? there).Ok
                && FileStatus.TryGet(file, out FileStatus? here).Ok
                && there!.Identity == here!.Identity;
        }
    }

    /// <summary>Removes the destination's partial files of other sources, or of the source before it changed.</summary>
    public static void RemoveOthers(DestinationEntry place, FileName name)
    {
        // Without read permission they stay.
        DirectoryReader.ReadNames(place.Folder, out List<FileName> names);
        foreach (FileName other in names.Where(other => PartialName.IsFor(other, place.Name) && !other.Bytes.SequenceEqual(name.Bytes)))
        {
            RemoveUnused(place.Folder, other);
        }
    }

    private static void RemoveUnused(SafeFileHandle folder, FileName name)
    {
        SysResult opened = LibC.OpenAt(
            folder, name, LibC.O_RDONLY | LibC.O_NOFOLLOW | LibC.O_NONBLOCK | LibC.O_NOCTTY, 0,
            out SafeFileHandle file);
        using (file)
        {
            bool isOurs = opened.Ok
                && FileStatus.TryGet(file, out FileStatus? status).Ok
                && status!.Kind == DescriptorKind.Regular
                && status.UserId == LibC.EffectiveUserId;
            if (isOurs && LibC.Lock(file).Ok && Has(folder, name, file))
            {
                LibC.UnlinkAt(folder, name);
            }
        }
    }
}
