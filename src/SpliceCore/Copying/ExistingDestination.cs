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
    public static void Check(CopyRequest request, Descriptor source, DestinationPath destination)
    {
        if (destination.Existing is not { } existing)
        {
            return;
        }

        if (request.NoClobber)
        {
            throw Failures.DestinationExists(destination.Path);
        }

        if (existing.Kind != DescriptorKind.Regular || request.DestinationOffset.HasValue)
        {
            return;
        }

        if (request.Written?.Contains(destination.Path) == true)
        {
            throw new TransferException(TransferErrorId.DestinationExists,
                $"'{destination.Path}' was made from another source by this very command, and '{request.Source}' would replace it. Copy into different folders.",
                Errno.EEXIST, destination.Path);
        }

        if (existing.Identity == source.Status.Identity)
        {
            throw RangeCheck.SameFile(request.Source, destination.Path);
        }

        if (existing.IsMountRoot || !destination.IsReplaceable)
        {
            throw new TransferException(TransferErrorId.DestinationNotReplaceable,
                $"'{destination.Path}' cannot be replaced: it is a mount point, or leads to an open file only. Write into the file itself with -DestinationOffset 0.",
                Errno.EBUSY, destination.Path);
        }

        SysResult access = LibC.MayWrite(destination.Path);
        if (!access.Ok && (!request.Force || access.Errno != Errno.EACCES))
        {
            string cure = access.Errno == Errno.EACCES
                ? "Use -Force to replace a read-only file"
                : "See whether it is immutable (lsattr) or its file system read-only";
            throw new TransferException(TransferErrorId.PermissionDenied,
                $"'{destination.Path}' is not writable ({ErrnoText.Describe(access.Errno)}). {cure}, or choose another destination.",
                access.Errno, destination.Path);
        }
    }
}
