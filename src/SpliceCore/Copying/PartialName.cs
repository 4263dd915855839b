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

/// <summary>The name of an unfinished copy: the destination's, a dot, a hash of what is copied as 16 digits, and
/// ".splice-partial". What is copied otherwise has another name.</summary>
internal static class PartialName
{
    private const int LongestName = 255; // NAME_MAX
    private const int Digits = 16;

    private static readonly SearchValues<byte> Hexadecimal = SearchValues.Create("0123456789abcdef"u8);

    private static int MostOfName => LongestName - 1 - Digits - Suffix.Length;

    private static ReadOnlySpan<byte> Suffix => ".splice-partial"u8;

    /// <summary>The name for a copy.</summary>
    /// <param name="name">The destination's name.</param>
    /// <param name="source">What is copied, as it is now.</param>
    /// <param name="spec">Which bytes, and with which blocks: what was kept has them already.</param>
    public static FileName Of(FileName name, Descriptor source, TransferSpec spec)
    {
        ReflinkMode reflink = spec.Method == TransferMethod.Reflink ? ReflinkMode.Always : spec.Reflink;
        FileStatus status = source.Status;
        long[] numbers =
        [
            LibC.EffectiveUserId, // one user does not go on with what another began
            (long)status.Identity.Device, (long)status.Identity.Inode, (long)status.Identity.SpecialDevice,
            source.Size, status.ModificationTime.Seconds, status.ModificationTime.Nanoseconds,
            status.ChangeTime.Seconds, status.ChangeTime.Nanoseconds, // a modification time can be set, this one cannot
            spec.Offset!.Value, spec.Length!.Value, (long)reflink, (long)spec.Sparse,
        ];
        return Of(name, numbers);
    }

    /// <summary>The name of the mark beside an unfinished copy of a folder. What is in the folder may change meanwhile.</summary>
    /// <param name="name">The copy's name.</param>
    /// <param name="source">The folder.</param>
    public static FileName OfFolder(FileName name, FileStatus source) =>
        Of(name, [LibC.EffectiveUserId, (long)source.Inode.Device, (long)source.Inode.Inode]);

    /// <summary>True if a name is that of an unfinished copy to a destination, from whatever source. Of one whose name was
    /// cut nobody knows.</summary>
    /// <param name="name">The name.</param>
    /// <param name="destination">The destination's name.</param>
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

    /// <summary>Returns the end of the names of unfinished copies of one source.</summary>
    /// <param name="identity">What tells the source from others.</param>
    public static string SuffixOf(ReadOnlySpan<byte> identity) =>
        $".{Convert.ToHexString(SHA256.HashData(identity), 0, Digits / 2).ToLowerInvariant()}{Encoding.ASCII.GetString(Suffix)}";

    /// <summary>Returns a name with such an end, cut to the longest that there can be.</summary>
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

/// <summary>The unfinished copies in a folder.</summary>
internal static class PartialFolder
{
    /// <summary>True if a name still means an open file.</summary>
    public static bool Has(SafeHandle folder, FileName name, SafeFileHandle file)
    {
        SysResult opened = LibC.OpenAt(folder, name, OpenFlags.PathOnly | OpenFlags.NoFollow, 0, out SafeFileHandle named);
        using (named)
        {
            return opened.Ok
                && FileStatus.TryGet(named, out FileStatus? there).Ok
                && FileStatus.TryGet(file, out FileStatus? here).Ok
                && there!.Identity == here!.Identity;
        }
    }

    /// <summary>Removes what copies to a place have left whose source was another, or has changed since.</summary>
    /// <param name="place">The place.</param>
    /// <param name="name">The one that is to stay.</param>
    public static void RemoveOthers(Place place, FileName name)
    {
        // What cannot be read is left as it is.
        DirectoryReader.ReadNames(place.Folder, out List<FileName> names);
        foreach (FileName other in names.Where(other => PartialName.IsFor(other, place.Name) && !other.Bytes.SequenceEqual(name.Bytes)))
        {
            RemoveUnused(place.Folder, other);
        }
    }

    private static void RemoveUnused(SafeFileHandle folder, FileName name)
    {
        SysResult opened = LibC.OpenAt(
            folder, name, OpenFlags.ReadOnly | OpenFlags.NoFollow | OpenFlags.NonBlock | OpenFlags.NoControllingTerminal, 0,
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
