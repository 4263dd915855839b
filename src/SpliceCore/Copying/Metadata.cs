using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>What a new file keeps of the source, and of the file that it replaces.</summary>
internal static class Metadata
{
    private const uint ReadWriteExecuteForAll = 0x1FF; // 0777: set-id bits do not travel, as with cp and Copy-Item

    /// <summary>Sets owner, mode and times before the file gets its name.</summary>
    /// <param name="file">The new file.</param>
    /// <param name="path">The name that it will have.</param>
    /// <param name="source">Whose mode and times it takes; null where it takes none.</param>
    /// <param name="replaced">Whose owner and extended attributes, and without a source whose mode, it takes; null where there is none.</param>
    /// <returns>What could not be kept, in words.</returns>
    public static IReadOnlyList<string> Apply(SafeFileHandle file, string path, FileStatus? source, FileStatus? replaced)
    {
        List<string> lost = [];
        bool owned = replaced is null || (FileStatus.TryGet(file, out FileStatus? mine).Ok
            && (mine!.UserId, mine.GroupId) == (replaced.UserId, replaced.GroupId));
        if (!owned)
        {
            Note(lost, LibC.ChangeOwner(file, replaced!.UserId, replaced.GroupId), path,
                $"the owner ({replaced.UserId}:{replaced.GroupId}) of the file that was replaced");
        }

        if (replaced is not null)
        {
            foreach ((string name, SysResult result) in ExtendedAttributes.Carry(path, file))
            {
                Note(lost, result, path, $"the attribute {name} of the file that was replaced");
            }
        }

        // After the owner and the access control list: chown(2) clears bits of the mode, and a list has a mask of its own.
        if ((source ?? replaced) is { } model)
        {
            Note(lost, LibC.ChangeMode(file, model.Permissions & ReadWriteExecuteForAll), path, "the mode");
        }

        if (source is not null)
        {
            Note(lost, LibC.ChangeTimes(file, source.AccessTime, source.ModificationTime), path, "the times");
        }

        return lost;
    }

    private static void Note(List<string> lost, SysResult result, string path, string what)
    {
        if (!result.Ok)
        {
            lost.Add($"'{path}' could not be given {what} ({ErrnoText.Describe(result.Errno)}).");
        }
    }
}
