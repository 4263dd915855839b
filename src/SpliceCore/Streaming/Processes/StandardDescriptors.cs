using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>Keeps the numbers 0, 1 and 2 from what is opened for a pipeline, where this process was started without one of
/// them: a command's descriptors are moved to these numbers one after the other.</summary>
internal sealed class StandardDescriptors : IDisposable
{
    private const int StandardError = 2;

    private readonly List<SafeFileHandle> _taken = [];

    public StandardDescriptors()
    {
        SysResult opened;
        do
        {
            opened = LibC.Open("/dev/null", OpenFlags.ReadWrite, out SafeFileHandle handle);
            _taken.Add(handle);
        }
        while (opened.Ok && opened.Value < StandardError);

        if (!opened.Ok || opened.Value > StandardError)
        {
            _taken[^1].Dispose();
            _taken.RemoveAt(_taken.Count - 1);
        }
    }

    public void Dispose() => _taken.ForEach(handle => handle.Dispose());
}
