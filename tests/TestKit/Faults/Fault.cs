namespace Splice.TestKit.Faults;

/// <summary>What strace(1) does to a system call of the thread that copies.</summary>
/// <param name="Calls">The calls, as strace names them.</param>
/// <param name="What">error=ENOSPC, retval=0, delay_enter=1000000.</param>
/// <param name="When">Which of them: 1 the first, 1+ all, 3+2 the third and every second after it.</param>
internal sealed record Fault(string Calls, string What, string When = "1+")
{
    /// <summary>As on a file system that cannot share blocks.</summary>
    public static Fault NoReflink { get; } = new("ioctl", "error=EOPNOTSUPP");

    /// <summary>As on a file system that has no unnamed files. The folder itself is opened first.</summary>
    public static Fault NoUnnamedFiles { get; } = new("openat", "error=EOPNOTSUPP", "2");

    /// <summary>The calls that must all come about; one of those that not every architecture has ("?") is enough.</summary>
    public IEnumerable<string> Alternatives =>
        Calls.StartsWith('?') ? [Calls.Replace("?", string.Empty, StringComparison.Ordinal)] : Calls.Split(',');

    /// <summary>Takes the methods before one away.</summary>
    public static Fault[] Before(TransferMethod method) => method switch
    {
        TransferMethod.Reflink => [],
        TransferMethod.CopyFileRange => [NoReflink],
        TransferMethod.SendFile => [NoReflink, new("copy_file_range", "error=ENOSYS")],
        TransferMethod.Splice => [NoReflink, new("copy_file_range,sendfile", "error=ENOSYS")],
        _ => [NoReflink, new("copy_file_range,sendfile,splice", "error=ENOSYS")],
    };
}
