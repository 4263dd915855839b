using System.Buffers.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Measuring;

/// <summary>The reads and writes of the calling thread as the kernel counts them, whoever makes them: read(2), write(2) and
/// their like are one each, sendfile(2) and copy_file_range(2) are one read and one write.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man5/proc_pid_io.5.html">proc_pid_io(5)</see>, syscr and syscw</remarks>
internal static class ThreadCalls
{
    private const string Counts = "/proc/thread-self/io";
    private const int EnoughForAll = 512;

    /// <summary>The calls since the thread began; null where the kernel does not count them. To ask is one more, afterwards.</summary>
    public static long? Count()
    {
        Span<byte> text = stackalloc byte[EnoughForAll];
        SysResult result = LibC.Open(Counts, OpenFlags.ReadOnly, out SafeFileHandle handle);
        using (handle)
        {
            result = result.Ok ? LibC.Read(handle, text, offset: null) : result;
        }

        return result.Ok ? Number(text[..(int)result.Value], "syscr: "u8) + Number(text[..(int)result.Value], "syscw: "u8) : null;
    }

    private static long? Number(ReadOnlySpan<byte> text, ReadOnlySpan<byte> label)
    {
        int at = text.IndexOf(label);
        return at >= 0 && Utf8Parser.TryParse(text[(at + label.Length)..], out long value, out _) ? value : null;
    }
}
