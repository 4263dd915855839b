using System.Globalization;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>Converts errno values of a transfer into exceptions.</summary>
internal static class TransferFailures
{
    public static TransferException Step(
        TransferMethod method, Errno errno, TransferSide side, Descriptor source, Descriptor destination, long arrived) =>
        errno == Errno.EPIPE && side != TransferSide.Source && IsUnconnected(destination)
            ? new TransferException(TransferErrorId.WriteFailed,
                $"The socket '{destination.Name}' is not connected ({Methods.CallOf(method)}, {ErrnoText.Describe(errno)}).",
                "Connect it first.",
                errno, destination.Name)
            : Step(method, errno, side, source.Name, destination.Name, arrived);

    public static TransferException Step(
        TransferMethod method, Errno errno, TransferSide side, string source, string destination, long arrived)
    {
        string why = $"{Progress(arrived)} ({Methods.CallOf(method)}, {ErrnoText.Describe(errno)})";
        return errno switch
        {
            Errno.ENOSPC or Errno.EDQUOT => new(TransferErrorId.DiskFull,
                $"No space is left for '{destination}' {why}.",
                "Free some space, or choose another destination.",
                errno, destination),
            Errno.EFBIG => new(TransferErrorId.FileSizeLimit,
                $"'{destination}' has reached a file-size limit {why}.",
                "Raise the limit (ulimit -f, prlimit --fsize), or choose a file system that allows larger files.",
                errno, destination),
            Errno.ECONNRESET when side == TransferSide.Source => new(TransferErrorId.ReadFailed,
                $"The sender of '{source}' reset the connection {why}.",
                "Find out why it ended, and run the command again.",
                errno, source),
            Errno.EPIPE or Errno.ECONNRESET => new(TransferErrorId.ReaderGone,
                $"The reader of '{destination}' closed it {why}.",
                "Find out why it ended, and run the command again.",
                errno, destination),
            Errno.EDESTADDRREQ => new(TransferErrorId.WriteFailed,
                $"The socket '{destination}' is not connected {why}.",
                "Connect it first.",
                errno, destination),
            Errno.ENOTCONN when side != TransferSide.Destination => new(TransferErrorId.ReadFailed,
                $"The socket '{source}' is not connected {why}.",
                "Connect it first.",
                errno, source),
            Errno.ESPIPE => new(TransferErrorId.NotSeekable,
                $"'{(side == TransferSide.Source ? source : destination)}' supports only its own file offset {why}, as some files of procfs do.",
                "Write it with Set-Content, or read it with Get-Content.",
                errno, side == TransferSide.Source ? source : destination),
            Errno.EPERM or Errno.EACCES or Errno.EROFS or Errno.ETXTBSY => new(TransferErrorId.PermissionDenied,
                $"The kernel does not permit the transfer from '{source}' to '{destination}' {why}.",
                "Check whether one of them is sealed, immutable, read-only or a swap file in use.",
                errno, destination),
            Errno.ENOMEM or Errno.ENOBUFS => new(TransferErrorId.ResourceExhausted,
                $"The system ran out of memory for the transfer from '{source}' to '{destination}' {why}.",
                "Free some memory, and run the command again.",
                errno, destination),
            Errno.EMFILE or Errno.ENFILE => new(TransferErrorId.ResourceExhausted,
                $"Too many files are open for the transfer from '{source}' to '{destination}' {why}.",
                "Close some files, or raise the limit (ulimit -n).",
                errno, destination),
            _ => side switch
            {
                TransferSide.Source => new(TransferErrorId.ReadFailed,
                    $"Reading '{source}' failed {why}.",
                    "The device may be failing: check the kernel log (dmesg).",
                    errno, source),
                TransferSide.Destination => new(TransferErrorId.WriteFailed,
                    $"Writing '{destination}' failed {why}.",
                    "The device may be failing: check the kernel log (dmesg).",
                    errno, destination),
                _ => new(TransferErrorId.TransferFailed,
                    $"The transfer from '{source}' to '{destination}' failed {why}.",
                    ["Check the kernel log (dmesg); -Method ReadWrite shows which side it is.", "Check the kernel log (dmesg)."],
                    errno, source),
            },
        };
    }

    public static TransferException ReaderGone(string source, string destination, long arrived) => new(TransferErrorId.ReaderGone,
        $"The reader of '{destination}' closed it {Progress(arrived)}, before '{source}' had more data (poll(2)).",
        "Find out why it ended, and run the command again.",
        Errno.EPIPE, destination);

    public static TransferException Idle(TransferSide side, string name, TimeSpan time, long arrived)
    {
        string what = side == TransferSide.Source ? "delivered no data" : "accepted no data";
        string seconds = time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
        return new TransferException(TransferErrorId.IdleTimeout,
            $"'{name}' {what} for {seconds} seconds {Progress(arrived)}.",
            "Find out what blocks it, or specify a longer -IdleTimeout.",
            Errno.ETIMEDOUT, name);
    }

    public static TransferException TooSlow(string name, long bytesPerSecond, long arrived) => new(TransferErrorId.HostTooSlow,
        $"'{name}' accepted less than {ByteSize.Format(bytesPerSecond)}/s while others waited for it, and was dropped {Progress(arrived)}.",
        ["Send to it alone, or specify a lower -MinimumRate.", "Send to it alone."], Errno.ETIMEDOUT, name);

    public static TransferException Stopped(string source, string destination, long arrived) => new(TransferErrorId.Cancelled,
        $"Copying '{source}' to '{destination}' was stopped after {ByteText.Of(arrived)}.", "Run the command again.", Errno.ECANCELED, destination);

    /// <summary>With -StopOnError, another destination failed.</summary>
    public static TransferException StoppedWithOthers(string source, string destination, long arrived) => new(TransferErrorId.Cancelled,
        $"Copying '{source}' to '{destination}' was stopped after {ByteText.Of(arrived)}, since another destination failed.",
        "Omit -StopOnError to let the others continue.",
        Errno.ECANCELED, destination);

    /// <summary>Adds the result so far to an exception, and to its text the bytes that were lost.</summary>
    public static TransferException With(TransferException exception, TransferResult partial)
    {
        exception.Partial = partial;
        return partial.BytesUndelivered == 0 ? exception : exception.Adding(
            $"{ByteText.Of(partial.BytesUndelivered)} more had been read from '{partial.Source}', and {(partial.BytesUndelivered == 1 ? "is" : "are")} lost.");
    }

    private static string Progress(long arrived) => arrived == 0 ? "before the first byte" : $"after {ByteText.Of(arrived)}";

    /// <summary>A TCP socket that never had a peer returns EPIPE like one whose peer has closed it, but has not sent anything.</summary>
    private static bool IsUnconnected(Descriptor descriptor) =>
        descriptor.Kind == DescriptorKind.Socket && LibC.TcpSegmentsSent(descriptor.Handle) is { Ok: true, Value: 0 };
}
