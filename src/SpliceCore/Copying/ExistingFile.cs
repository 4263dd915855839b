using Microsoft.Win32.SafeHandles;

namespace Splice.Copying;

/// <summary>A file, device or FIFO that is there, and is written into.</summary>
internal sealed class ExistingFile(SafeFileHandle handle) : ITargetFile
{
    public SafeFileHandle Handle => handle;

    /// <summary>It has its name.</summary>
    public void Commit(bool replace)
    {
    }

    public void Dispose() => handle.Dispose();
}
