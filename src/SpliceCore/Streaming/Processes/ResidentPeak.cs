using System.Globalization;

namespace Splice.Streaming.Processes;

/// <summary>The most memory that a process has had at once (proc_pid_status(5), VmHWM).</summary>
internal static class ResidentPeak
{
    private const string Label = "VmHWM:";
    private const int Kibibyte = 1024;

    public static long OfThisProcess() => Of(Environment.ProcessId) ?? 0;

    /// <summary>Bytes; null where the process has ended.</summary>
    public static long? Of(int process)
    {
        try
        {
            foreach (string line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status")))
            {
                if (line.StartsWith(Label, StringComparison.Ordinal))
                {
                    ReadOnlySpan<char> number = line.AsSpan(Label.Length).Trim().TrimEnd("kB ");
                    return long.Parse(number, CultureInfo.InvariantCulture) * Kibibyte;
                }
            }
        }
        catch (IOException)
        {
            // It ended between open and read (ESRCH), or no descriptor is left.
        }

        return null;
    }
}
