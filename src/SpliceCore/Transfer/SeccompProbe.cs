using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Tells a call that a seccomp filter forbids from one that met a file it may not change: both answer EPERM.
/// On a descriptor that does not exist, only the second kind answers EBADF.</summary>
/// <remarks>The same question is asked in Rust's std, sys/io/kernel_copy/linux.rs.</remarks>
internal static class SeccompProbe
{
    public static bool Forbids(TransferMethod method) => Ask(method) != Errno.EBADF;

    /// <summary>What the call answers on a descriptor that does not exist: EBADF where nobody forbids it.</summary>
    public static Errno Ask(TransferMethod method)
    {
        using var none = new SafeFileHandle(-1, ownsHandle: false);
        SysResult answer = method switch
        {
            TransferMethod.Reflink => LibC.CloneFileRange(none, 0, 0, none, 0),
            TransferMethod.CopyFileRange => LibC.CopyFileRange(none, 0, none, 0, 1),
            TransferMethod.SendFile => LibC.SendFile(none, none, 0, 1),
            TransferMethod.Splice => LibC.Splice(none, null, none, null, 1, SpliceFlags.None),
            _ => new SysResult(-1, Errno.EBADF),
        };
        return answer.Errno;
    }
}
