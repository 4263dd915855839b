using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>The error numbers that say "not this way" and nothing about the data, each method with its own, and why.
/// They are believed only before the method has moved a byte.</summary>
/// <remarks>Collected from the man pages, and from what GNU coreutils, Go and Rust's std fall back on.</remarks>
internal static class Refusals
{
    private const string Absent = "this kernel does not have the call, or a seccomp filter hides it";
    private const string Blocked = "a seccomp filter forbids the call";
    private const string Refused = "the file system refuses it";
    private const string FalseEnd = "it answered 0 where there are data (procfs and other generated files)";

    /// <summary>Why the method refuses with this errno; null where it is a real error. None stands for an end of data
    /// that is not one.</summary>
    public static string? Explain(TransferMethod method, Errno errno) => method switch
    {
        TransferMethod.Reflink => Reflink(errno),
        TransferMethod.CopyFileRange => CopyFileRange(errno),
        TransferMethod.SendFile => SendFile(errno),
        TransferMethod.Splice => Splice(errno),
        _ => null,
    };

    private static string? Reflink(Errno errno) => errno switch
    {
        Errno.EOPNOTSUPP => "the file system cannot share blocks",
        Errno.ENOTTY => "the file system does not know reflinks",
        Errno.EXDEV => "source and destination are on different file systems",
        Errno.EINVAL => "the range does not line up with the file system's blocks, or these files cannot share them",
        Errno.EBADF => "the destination was opened for appending",
        Errno.ETXTBSY => "a swap file shares no blocks",
        Errno.ENOSYS => Absent,
        Errno.EPERM or Errno.EACCES => Blocked,
        _ => null,
    };

    private static string? CopyFileRange(Errno errno) => errno switch
    {
        Errno.EXDEV => "source and destination are on file systems of different types",
        Errno.EINVAL => "these files do not support it (procfs and some others), or the ranges overlap",
        Errno.EBADF => "the destination was opened for appending",
        Errno.EOPNOTSUPP => "the file system refuses it (NFS, encrypted files)",
        Errno.EACCES => "CephFS refuses it so",
        Errno.EIO or Errno.ENOENT => "CIFS refuses it so",
        Errno.EOVERFLOW => "the range is larger than this file system takes",
        Errno.ENOSYS => Absent,
        Errno.EPERM => Blocked,
        Errno.None => FalseEnd,
        _ => null,
    };

    private static string? SendFile(Errno errno) => errno switch
    {
        Errno.EINVAL => "the source does not support it (procfs, some devices), or the destination appends",
        Errno.ESPIPE => "the source has no position",
        Errno.EOVERFLOW => "the offset is past what this file takes",
        Errno.EOPNOTSUPP => Refused,
        Errno.ENOSYS => Absent,
        Errno.EPERM => Blocked,
        Errno.None => FalseEnd,
        _ => null,
    };

    private static string? Splice(Errno errno) => errno switch
    {
        Errno.EINVAL => "one side does not support it (some of procfs, terminals, /dev/full), or the destination appends",
        Errno.EOPNOTSUPP => Refused,
        Errno.ENOSYS => Absent,
        Errno.EPERM => Blocked,
        Errno.EMFILE or Errno.ENFILE => "it needs a pipe, and too many files are open or this user's pipes hold too much",
        Errno.None => FalseEnd,
        _ => null,
    };
}

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
