using System.Runtime.InteropServices;
using Splice.Interop;
using Xunit;

namespace Splice.TestKit.Channels;

/// <summary>Reading and writing in pieces of random size, with a pause now and then.</summary>
internal static class RandomPace
{
    private const int LargestPiece = 100_000;

    public static bool Write(SafeHandle handle, ReadOnlySpan<byte> content, int seed)
    {
        var random = new Random(seed);
        while (!content.IsEmpty)
        {
            SysResult result = LibC.Write(handle, content[..Math.Min(content.Length, random.Next(1, LargestPiece))], null);
            Assert.True(result.Ok, $"{result.Errno}");
            content = content[(int)result.Value..];
            Pause(random);
        }

        return true;
    }

    public static byte[] Read(SafeHandle handle, int length, int seed)
    {
        var random = new Random(seed);
        using var content = new MemoryStream();
        byte[] buffer = new byte[LargestPiece];
        while (content.Length < length)
        {
            int wanted = (int)Math.Min(random.Next(1, LargestPiece), length - content.Length);
            SysResult result = LibC.Read(handle, buffer.AsSpan(0, wanted), null);
            Assert.True(result.Ok, $"{result.Errno}");
            if (result.Value == 0)
            {
                break;
            }

            content.Write(buffer, 0, (int)result.Value);
            Pause(random);
        }

        return content.ToArray();
    }

    private static void Pause(Random random)
    {
        if (random.Next(10) == 0)
        {
            Thread.Sleep(random.Next(3));
        }
    }
}
