using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>A regular file that is there, and that a copy is added to.</summary>
internal sealed class AppendedFile : ITargetFile
{
    private AppendedFile(SafeFileHandle handle, long oldSize)
    {
        Handle = handle;
        OldSize = oldSize;
    }

    public SafeFileHandle Handle { get; }

    /// <summary>Where the file ended before the copy.</summary>
    public long OldSize { get; }

    /// <summary>Takes a file that was opened without O_APPEND, in which not every method writes.</summary>
    public static AppendedFile Of(SafeFileHandle handle, Place place)
    {
        SysResult result = FileStatus.TryGet(handle, out FileStatus? status);
        if (result.Ok)
        {
            return new AppendedFile(handle, status!.Size);
        }

        handle.Dispose();
        throw Failures.OpenDestination(place.Path, result.Errno);
    }

    /// <summary>It has its name.</summary>
    public void Commit(bool replace)
    {
    }

    /// <summary>Cuts off what was added, unless somebody else has added to it as well.</summary>
    public string? Abandon(long written, long? good)
    {
        SysResult result = FileStatus.TryGet(Handle, out FileStatus? now);
        if (now?.Size <= OldSize)
        {
            return null;
        }

        bool isOurs = now?.Size - OldSize <= written;
        if (isOurs)
        {
            result = LibC.Truncate(Handle, OldSize);
        }

        return (result.Ok, isOurs) switch
        {
            (true, true) => null,
            (true, false) => $"Somebody else wrote to it meanwhile, so it was not cut back: from byte {OldSize} on it has an unfinished part.",
            _ => $"It could not be cut back ({ErrnoText.Describe(result.Errno)}): from byte {OldSize} on it has an unfinished part.",
        };
    }

    public void Dispose() => Handle.Dispose();
}
