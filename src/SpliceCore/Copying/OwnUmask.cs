namespace Splice.Copying;

/// <summary>The bits that new files of this process do not get.</summary>
/// <remarks>umask(2) tells it only to who changes it, for all threads; proc_pid_status(5) just tells it.</remarks>
internal static class OwnUmask
{
    private const string Field = "Umask:";
    private const uint Usual = 0x12; // 022

    public static uint Value
    {
        get
        {
            string? line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal));
            return line is null ? Usual : Convert.ToUInt32(line[Field.Length..].Trim(), fromBase: 8);
        }
    }
}
