namespace Splice;

/// <summary>What went wrong with a transfer. The names are stable: scripts match on them.</summary>
public enum TransferErrorId
{
    /// <summary>The source does not exist.</summary>
    SourceNotFound,

    /// <summary>The source is a directory.</summary>
    SourceIsDirectory,

    /// <summary>The folder that the destination names does not exist.</summary>
    DestinationFolderNotFound,

    /// <summary>The destination exists and must not be replaced.</summary>
    DestinationExists,

    /// <summary>The destination cannot be replaced, only written to in place (a mount point, say).</summary>
    DestinationNotReplaceable,

    /// <summary>Another copy of the same source to the same destination is under way.</summary>
    DestinationBusy,

    /// <summary>Source and destination are one file, or ranges of one file that overlap.</summary>
    SameFile,

    /// <summary>The destination is inside the source.</summary>
    CopyIntoItself,

    /// <summary>A range was asked for of a folder, or of a link or special file that is copied as such.</summary>
    RangeOfFolder,

    /// <summary>A folder was moved or exchanged while it was copied.</summary>
    FolderChanged,

    /// <summary>Another process wrote to the destination while bytes were added to it.</summary>
    DestinationChanged,

    /// <summary>There are parts of an earlier cut that a new one would leave.</summary>
    StaleParts,

    /// <summary>The path is not one that the kernel can take.</summary>
    InvalidPath,

    /// <summary>A format gives no names for the parts of a file, or the same for two.</summary>
    InvalidNameFormat,

    /// <summary>A file cannot be cut into so many parts.</summary>
    TooManyParts,

    /// <summary>The kernel or the file system does not permit it.</summary>
    PermissionDenied,

    /// <summary>Two options contradict each other.</summary>
    ConflictingOptions,

    /// <summary>An offset is below zero.</summary>
    NegativeOffset,

    /// <summary>A count is below zero.</summary>
    NegativeCount,

    /// <summary>The offset is past the end of the source.</summary>
    OffsetPastEnd,

    /// <summary>The source ends before offset plus count.</summary>
    CountPastEnd,

    /// <summary>An offset was given for something that has no position (a pipe, a socket, a terminal).</summary>
    NotSeekable,

    /// <summary>The source never ends, and no count was given.</summary>
    EndlessSource,

    /// <summary>The descriptor is not open.</summary>
    BadDescriptor,

    /// <summary>The stream or handle has been closed.</summary>
    HandleClosed,

    /// <summary>The handle was not opened for reading.</summary>
    SourceNotReadable,

    /// <summary>The handle was not opened for writing.</summary>
    DestinationNotWritable,

    /// <summary>The method that was asked for cannot do this.</summary>
    MethodNotPossible,

    /// <summary>The destination's file system, or the user's quota, is full.</summary>
    DiskFull,

    /// <summary>The process's file-size limit, or the file system's, is reached.</summary>
    FileSizeLimit,

    /// <summary>Nobody reads the other end of the pipe or socket any more.</summary>
    ReaderGone,

    /// <summary>The source became shorter while it was copied.</summary>
    SourceTruncated,

    /// <summary>The source was written to while it was copied.</summary>
    SourceChanged,

    /// <summary>What was copied is not what the source has, as both were read again.</summary>
    VerificationFailed,

    /// <summary>Reading the source failed.</summary>
    ReadFailed,

    /// <summary>Writing the destination failed.</summary>
    WriteFailed,

    /// <summary>The transfer failed, and the kernel does not say on which side.</summary>
    TransferFailed,

    /// <summary>One side kept the transfer waiting for longer than it may.</summary>
    IdleTimeout,

    /// <summary>A reader of the source has bytes in its buffer, which the kernel does not see.</summary>
    SourceBuffered,

    /// <summary>The transfer was stopped by the user.</summary>
    Cancelled,

    /// <summary>The rest would have had to be waited for, and NonBlock says not to wait.</summary>
    WouldBlock,

    /// <summary>A program could not be started.</summary>
    CommandNotStarted,

    /// <summary>A command of a pipeline returned another number than 0, or a signal ended it.</summary>
    CommandFailed,

    /// <summary>An argument or a variable of the environment is one that no program can be given.</summary>
    InvalidArgument,

    /// <summary>There is no ssh on this machine.</summary>
    SshNotFound,

    /// <summary>A name that ssh cannot be given as a host.</summary>
    InvalidHostName,

    /// <summary>ssh could not connect to a host, or the connection broke.</summary>
    ConnectionFailed,

    /// <summary>What ran on a host failed.</summary>
    RemoteFailed,

    /// <summary>The process or the system has no more of something (descriptors, memory, pipes).</summary>
    ResourceExhausted,
}
