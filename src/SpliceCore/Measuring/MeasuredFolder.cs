using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using Splice.Measuring;

namespace Splice;

/// <summary>A folder, and what it is on.</summary>
/// <param name="Path">The folder.</param>
/// <param name="FileSystem">The kind of its file system, "ext4" say; null where /proc does not tell.</param>
/// <param name="Device">What that is mounted from, "/dev/sda1" say; null where /proc does not tell.</param>
/// <param name="MountPoint">Where it is mounted; null where /proc does not tell.</param>
/// <remarks><see href="https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html">proc_pid_mountinfo(5)</see></remarks>
public sealed partial record MeasuredFolder(string Path, string? FileSystem, string? Device, string? MountPoint)
{
    private const int IdField = 0;
    private const int MountPointField = 4;

    internal static MeasuredFolder Of(TestFolder folder)
    {
        try
        {
            string id = MountOf(folder.Handle);
            return Parse(folder.Path, id, File.ReadLines("/proc/self/mountinfo"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new MeasuredFolder(folder.Path, null, null, null);
        }
    }

    /// <summary>Finds a mount: a separator is between what all file systems have and the kind, device and options.</summary>
    internal static MeasuredFolder Parse(string path, string id, IEnumerable<string> mounts)
    {
        foreach (string mount in mounts)
        {
            string[] fields = mount.Split(' ');
            int separator = Array.IndexOf(fields, "-");
            if (fields[IdField] == id && separator > MountPointField && separator + 2 < fields.Length)
            {
                return new MeasuredFolder(path, fields[separator + 1], Plain(fields[separator + 2]), Plain(fields[MountPointField]));
            }
        }

        return new MeasuredFolder(path, null, null, null);
    }

    private static string MountOf(SafeFileHandle folder)
    {
        const string Label = "mnt_id:";
        string info = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fdinfo/{folder.DangerousGetHandle()}");
        return File.ReadLines(info).First(line => line.StartsWith(Label, StringComparison.Ordinal))[Label.Length..].Trim();
    }

    /// <summary>Blanks and backslashes are written in octal there.</summary>
    private static string Plain(string field) =>
        Octal().Replace(field, match => $"{(char)Convert.ToInt32(match.Groups[1].Value, 8)}");

    [GeneratedRegex(@"\\([0-7]{3})")]
    private static partial Regex Octal();
}
