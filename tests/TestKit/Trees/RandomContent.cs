using Microsoft.Win32.SafeHandles;

namespace Splice.TestKit.Trees;

/// <summary>Regular files of many shapes.</summary>
internal static class RandomContent
{
    private const int Unit = 64 * 1024; // a hole of this size is one on every file system
    private const int MostBytes = 300_000;

    /// <summary>Fills an empty file.</summary>
    /// <returns>The kinds that it has become.</returns>
    public static TreeKinds Fill(SafeFileHandle file, Random random, TreeKinds kinds)
    {
        int shape = random.Next(10);
        TreeKinds kind = shape switch { >= 4 and < 8 => TreeKinds.Holes, >= 8 => TreeKinds.Preallocation, _ => TreeKinds.None };
        if (!kinds.HasFlag(kind))
        {
            shape = random.Next(4);
            kind = TreeKinds.None;
        }

        switch (shape)
        {
            case 0:
                break;
            case 1:
                Write(file, random, 0, random.Next(1, 200));
                break;
            case 2:
                Write(file, random, 0, random.Next(1, 5) * 4096);
                break;
            case 3:
                Write(file, random, 0, random.Next(1, MostBytes));
                break;
            case 4: // a hole at the start
                Write(file, random, random.Next(1, 4) * Unit, random.Next(1, Unit));
                break;
            case 5: // in the middle
                Write(file, random, 0, random.Next(1, Unit));
                Write(file, random, random.Next(2, 5) * Unit, random.Next(1, Unit));
                break;
            case 6: // at the end
                Write(file, random, 0, random.Next(1, Unit));
                RandomAccess.SetLength(file, random.Next(Unit * 2, Unit * 5));
                break;
            case 7: // nothing else
                RandomAccess.SetLength(file, random.Next(1, Unit * 8));
                break;
            case 8: // blocks without data, up to the end
                EntryCalls.Preallocate(file, 0, random.Next(1, MostBytes), keepSize: false);
                Write(file, random, random.Next(0, 2) * Unit, random.Next(1, 5000));
                break;
            default: // and past it
                Write(file, random, 0, random.Next(1, 5000));
                EntryCalls.Preallocate(file, 0, random.Next(Unit, MostBytes), keepSize: true);
                break;
        }

        return kind;
    }

    private static void Write(SafeFileHandle file, Random random, long offset, int length)
    {
        byte[] content = new byte[length];
        random.NextBytes(content);
        RandomAccess.Write(file, content, offset);
    }
}
