using System.Globalization;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>The signals that a command does not get with their default action. .NET ignores SIGPIPE, and what is ignored stays
/// so in a new program; but who started this process with nohup(1) means the commands too.</summary>
internal static class IgnoredSignals
{
    private const string Label = "SigIgn:";

    /// <summary>Writes the set of signals that commands get with their default action.</summary>
    /// <param name="set">A sigset_t.</param>
    public static void WriteDefaults(Span<byte> set)
    {
        set.Fill(byte.MaxValue);
        if (IsHangUpIgnored())
        {
            set[0] &= unchecked((byte)~(1 << (LibC.HangUpSignal - 1)));
        }
    }

    private static bool IsHangUpIgnored()
    {
        string? line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Label, StringComparison.Ordinal));
        return line is not null
            && ulong.TryParse(line.AsSpan(Label.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong ignored)
            && (ignored & (1UL << (LibC.HangUpSignal - 1))) != 0;
    }
}
