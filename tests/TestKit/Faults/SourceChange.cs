using System.IO.MemoryMappedFiles;

namespace Splice.TestKit.Faults;

/// <summary>What somebody does to a file that is being copied.</summary>
public enum SourceChange
{
    /// <summary>More is written at its end.</summary>
    Grown,

    /// <summary>Other bytes are written over its first ones.</summary>
    Overwritten,

    /// <summary>It is cut to nothing and written anew, as long as before.</summary>
    CutAndRegrown,

    /// <summary>Only its times are set.</summary>
    Touched,

    /// <summary>A byte is stored through a mapping, where a page was mapped by reading it before. On tmpfs that changes no
    /// time.</summary>
    Mapped,
}

internal static class SourceChanges
{
    /// <summary>Where <see cref="SourceChange.Mapped"/> stores its byte.</summary>
    public const long MappedOffset = 5 << 20;

    /// <summary>Makes the file old: two writes within one tick of an older kernel's clock have one time.</summary>
    public static void Prepare(this SourceChange _, string path) =>
        File.SetLastWriteTimeUtc(path, new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));

    public static void Make(this SourceChange change, string path)
    {
        if (change == SourceChange.Touched)
        {
            File.SetLastWriteTimeUtc(path, new DateTime(2002, 2, 3, 4, 5, 6, DateTimeKind.Utc));
            return;
        }

        using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        int length = (int)file.Length;
        switch (change)
        {
            case SourceChange.Grown:
                file.Position = length;
                file.Write(Workspace.RandomBytes(1000, seed: 5));
                break;
            case SourceChange.Overwritten:
                file.Write(Workspace.RandomBytes(1000, seed: 5));
                break;
            case SourceChange.CutAndRegrown:
                file.SetLength(0);
                file.Write(Workspace.RandomBytes(length, seed: 5));
                break;
            default:
                using (var map = MemoryMappedFile.CreateFromFile(
                    file, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true))
                using (MemoryMappedViewAccessor view = map.CreateViewAccessor())
                {
                    view.Write(MappedOffset, (byte)(view.ReadByte(MappedOffset) + 1));
                }

                break;
        }
    }
}
