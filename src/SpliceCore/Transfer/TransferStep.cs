using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>One way to move bytes: a single step, without waiting, retries or counting.</summary>
internal interface ITransferMethod : IDisposable
{
    TransferMethod Kind { get; }

    /// <summary>Number of bytes that cannot be read again from the method's source, and are not yet at the destination.</summary>
    long BytesInHand => 0;

    /// <summary>The fewest bytes that a step needs to make progress.</summary>
    long SmallestStep => 1;

    /// <summary>The most bytes of a step.</summary>
    /// <param name="timed">Number of bytes that take a short time, if bytes are moved.</param>
    long StepLimit(long timed) => timed;

    /// <summary>True if the method never waits on this side, whatever the mode of the descriptor.</summary>
    bool NeverWaitsOn(TransferSide side) => false;

    /// <summary>Moves up to <paramref name="count"/> bytes.</summary>
    StepResult Step(TransferCursor at, long count);

    void IDisposable.Dispose()
    {
    }
}

internal enum StepKind
{
    /// <summary>Bytes arrived at the destination; fewer than requested is normal.</summary>
    Moved,

    /// <summary>Zeros of the source became a hole in the destination.</summary>
    BecameHole,

    /// <summary>The destination had the bytes already.</summary>
    Unchanged,

    EndOfData,

    /// <summary>One side is not ready; the result has the side if the kernel reports it.</summary>
    WouldBlock,

    /// <summary>EINTR. Nothing moved.</summary>
    Interrupted,

    /// <summary>The method is unsupported for this pair. Nothing is lost.</summary>
    NotSupported,

    Failed,
}

/// <summary>Result of one step of a method.</summary>
internal readonly record struct StepResult(StepKind Kind, long Bytes, Errno Errno, TransferSide Side)
{
    public static StepResult EndOfData => new(StepKind.EndOfData, 0, Errno.None, TransferSide.Source);

    public static StepResult Moved(long bytes) => new(StepKind.Moved, bytes, Errno.None, TransferSide.Unknown);

    public static StepResult Unchanged(long bytes) => new(StepKind.Unchanged, bytes, Errno.None, TransferSide.Unknown);

    public static StepResult BecameHole(long bytes) => new(StepKind.BecameHole, bytes, Errno.None, TransferSide.Unknown);

    /// <summary>Converts the result of a call that returns the bytes moved, 0 at the end of data.</summary>
    public static StepResult From(SysResult result, TransferSide side, TransferMethod method) => result switch
    {
        { Ok: false } => From(result.Errno, side, method),
        { Value: 0 } => EndOfData,
        _ => Moved(result.Value),
    };

    /// <summary>Converts an errno, which means "unsupported" where the method's own table has it.</summary>
    public static StepResult From(Errno errno, TransferSide side, TransferMethod method) => errno switch
    {
        Errno.EINTR => new(StepKind.Interrupted, 0, errno, side),
        Errno.EAGAIN => new(StepKind.WouldBlock, 0, errno, side),
        _ when Refusals.Explain(method, errno) is not null => new(StepKind.NotSupported, 0, errno, side),
        _ => new(StepKind.Failed, 0, errno, side),
    };
}

/// <summary>The errno values that mean "unsupported", for each method, with the reason.</summary>
/// <remarks>Collected from the man pages, and from what GNU coreutils, Go and Rust's std fall back on.</remarks>
internal static class Refusals
{
    private const string Absent = "this kernel does not have the call, or a seccomp filter hides it";
    private const string Blocked = "a seccomp filter forbids the call";
    private const string Refused = "the file system does not support it";
    private const string FalseEnd = "it returned 0 before the end of the data (procfs and other generated files)";

    /// <summary>Returns why the method is unsupported; null where the errno is a real error. None stands for a spurious end of
    /// data.</summary>
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
        Errno.ENOTTY => "the file system has no reflinks",
        Errno.EXDEV => "source and destination are on different file systems",
        Errno.EINVAL => "the range is not aligned to the blocks of the file system, or these files cannot share blocks",
        Errno.EBADF => "the destination was opened for appending",
        Errno.ETXTBSY => "a swap file cannot share blocks",
        Errno.ENOSYS => Absent,
        Errno.EPERM or Errno.EACCES => Blocked,
        _ => null,
    };

    private static string? CopyFileRange(Errno errno) => errno switch
    {
        Errno.EXDEV => "source and destination are on file systems of different types",
        Errno.EINVAL => "these files do not support it (procfs and some others), or the ranges overlap",
        Errno.EBADF => "the destination was opened for appending",
        Errno.EOPNOTSUPP => "the file system does not support it (NFS, encrypted files)",
        Errno.EACCES => "CephFS does not support it",
        Errno.EIO or Errno.ENOENT => "CIFS does not support it",
        Errno.EOVERFLOW => "the range is larger than this file system supports",
        Errno.ENOSYS => Absent,
        Errno.EPERM => Blocked,
        Errno.None => FalseEnd,
        _ => null,
    };

    private static string? SendFile(Errno errno) => errno switch
    {
        Errno.EINVAL => "the source does not support it (procfs, some devices), or the destination appends",
        Errno.ESPIPE => "the source is not seekable",
        Errno.EOVERFLOW => "the offset is past the maximum of this file",
        Errno.EOPNOTSUPP => Refused,
        Errno.ENOSYS => Absent,
        Errno.EPERM => Blocked,
        Errno.None => FalseEnd,
        _ => null,
    };

    private static string? Splice(Errno errno) => errno switch
    {
        Errno.EINVAL => "the source or the destination does not support it (some of procfs, terminals, /dev/full), or the destination appends",
        Errno.EOPNOTSUPP => Refused,
        Errno.ENOSYS => Absent,
        Errno.EPERM => Blocked,
        Errno.EMFILE or Errno.ENFILE => "it needs a pipe, and too many files are open, or the pipes of this user reach their limit",
        Errno.None => FalseEnd,
        _ => null,
    };
}

/// <summary>Distinguishes a call that a seccomp filter blocks from one on an immutable file: both return EPERM. On a missing descriptor, a
/// call that is not blocked returns EBADF.</summary>
/// <remarks>As Rust's std, sys/io/kernel_copy/linux.rs.</remarks>
internal static class SeccompProbe
{
    public static bool Forbids(TransferMethod method) => Ask(method) != Errno.EBADF;

    /// <summary>Returns the errno of the call on a missing descriptor: EBADF where it is not blocked.</summary>
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
