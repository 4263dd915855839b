using System.Globalization;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>What a new process would get of this one's descriptors besides 0, 1 and 2. All of ours are closed on exec, but
/// this process may have inherited some that are not.</summary>
internal static class InheritableDescriptors
{
    private const int StandardError = 2;

    public static IReadOnlyList<int> Find()
    {
        List<int> found = [];
        foreach (string entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            int descriptor = int.Parse(Path.GetFileName(entry.AsSpan()), CultureInfo.InvariantCulture);
            if (descriptor > StandardError
                && LibC.GetDescriptorFlags(descriptor) is { Ok: true } flags && (flags.Value & LibC.CloseOnExecFlag) == 0)
            {
                found.Add(descriptor);
            }
        }

        return found;
    }
}
