using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>What is in a copy's place already.</summary>
internal static class ExistingDestination
{
    /// <summary>Looks for what forbids to touch it, before it is touched.</summary>
    /// <exception cref="TransferException">It must not, or cannot, be replaced.</exception>
    public static void Check(CopyRequest request, FileStatus? source, DestinationPath destination)
    {
        if (destination.Existing is not { } existing)
        {
            return;
        }

        CheckUse(request, existing, request.Source, destination.Path);
        if (existing.Kind != DescriptorKind.Regular)
        {
            return;
        }

        if (!request.WritesInto && !destination.IsReplaceable)
        {
            throw NotReplaceable(destination.Path);
        }

        CheckFile(request, source, request.Source, existing, destination.Path, () => LibC.MayWriteAt(destination.Folder, destination.Name));
    }

    /// <summary>Looks for what forbids to replace an item of a folder.</summary>
    /// <param name="request">How the user wants it.</param>
    /// <param name="source">What replaces it.</param>
    /// <param name="sourceLabel">Says the source's path.</param>
    /// <param name="existing">What is there.</param>
    /// <param name="label">Says its path.</param>
    /// <param name="mayWrite">Asks whether the user may write to it.</param>
    /// <exception cref="TransferException">It must not, or cannot, be replaced.</exception>
    public static void Check(
        CopyRequest request, FileStatus source, object sourceLabel, FileStatus existing, object label, Func<SysResult> mayWrite)
    {
        CheckUse(request, existing, sourceLabel, label);
        if (existing.Kind == DescriptorKind.Directory)
        {
            throw FileFailures.DestinationIsDirectory(label.ToString()!);
        }

        CheckFile(request, source, sourceLabel, existing, label, mayWrite);
    }

    private static void CheckFile(
        CopyRequest request, FileStatus? source, object sourceLabel, FileStatus existing, object label, Func<SysResult> mayWrite)
    {
        if (request.IsExact && existing.Inode == source?.Inode)
        {
            throw RangeCheck.SameFile(sourceLabel.ToString()!, label.ToString()!);
        }

        if (request.WritesInto && existing.Kind == DescriptorKind.Regular)
        {
            return;
        }

        if (existing.IsMountRoot)
        {
            throw NotReplaceable(label.ToString()!);
        }

        SysResult access = existing.Kind == DescriptorKind.Regular ? mayWrite() : default;
        if (!access.Ok && (!request.Force || access.Errno != Errno.EACCES))
        {
            IReadOnlyList<string> cures = access.Errno == Errno.EACCES
                ? ["Use -Force to replace a read-only file, or choose another destination.", "Make it writable, or choose another destination."]
                : ["See whether it is immutable (lsattr) or its file system read-only, or choose another destination."];
            throw new TransferException(TransferErrorId.PermissionDenied,
                $"'{label}' is not writable ({ErrnoText.Describe(access.Errno)}).",
                cures,
                access.Errno, label.ToString());
        }
    }

    /// <summary>What is in a folder that was empty when the command came to it, the command does not replace.</summary>
    /// <exception cref="TransferException">The folder was empty.</exception>
    public static void CheckFolder(CopyRequest request, FileIdentity folder, FileStatus existing, object label)
    {
        if (!IsAddedTo(request, existing) && request.Ledger?.HasFolder(folder) == true)
        {
            throw CameMeanwhile(request.Source, label.ToString()!);
        }
    }

    /// <summary>Two sources with one name; or somebody else has made it.</summary>
    public static TransferException CameMeanwhile(string source, string destination) => new(TransferErrorId.DestinationExists,
        $"'{destination}' has come into its folder since this command began, from another source or from somebody else, and '{source}' would replace it.",
        "Copy into different folders, or see who writes to this one.",
        Errno.EEXIST, destination);

    /// <summary>One command makes nothing twice: the second would destroy the first.</summary>
    public static TransferException TwoSources(string source, string destination) => new(TransferErrorId.DestinationExists,
        $"'{destination}' was made from another source by this very command, and '{source}' would replace it.",
        "Copy into different folders.",
        Errno.EEXIST, destination);

    /// <summary>At the end of a file one source comes after the other, and so in a pipe, of which the ledger does not hear. All
    /// others would begin at one offset.</summary>
    private static void CheckUse(CopyRequest request, FileStatus existing, object sourceLabel, object label)
    {
        if (request.NoClobber)
        {
            throw FileFailures.DestinationExists(label.ToString()!);
        }

        if (!IsAddedTo(request, existing) && request.Ledger?.HasFile(existing) == true)
        {
            throw TwoSources(sourceLabel.ToString()!, label.ToString()!);
        }
    }

    private static bool IsAddedTo(CopyRequest request, FileStatus existing) => request.Append && existing.Kind == DescriptorKind.Regular;

    private static TransferException NotReplaceable(string path) => new(TransferErrorId.DestinationNotReplaceable,
        $"'{path}' cannot be replaced: it is a mount point, or leads to an open file only.",
        ["Use -InPlace to write into the file itself.", "Write to the file's own name, or add to it with -Append.", "Choose another destination."],
        Errno.EBUSY, path);
}

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
