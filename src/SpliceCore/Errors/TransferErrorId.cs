namespace Splice;

/// <summary>The id of an error. The names are stable: scripts match them.</summary>
public enum TransferErrorId
{
    /// <summary>The source does not exist.</summary>
    SourceNotFound,

    /// <summary>The source is a directory.</summary>
    SourceIsDirectory,

    /// <summary>The parent folder of the destination does not exist.</summary>
    DestinationFolderNotFound,

    /// <summary>The destination exists and must not be replaced.</summary>
    DestinationExists,

    /// <summary>The destination cannot be replaced, only written to in place (for example, a mount point).</summary>
    DestinationNotReplaceable,

    /// <summary>Another copy of the same source to the same destination, or another synchronization to it, is running.</summary>
    DestinationBusy,

    /// <summary>Source and destination are one file, or ranges of one file that overlap.</summary>
    SameFile,

    /// <summary>The destination is inside the source.</summary>
    CopyIntoItself,

    /// <summary>The source of a synchronization is not a folder.</summary>
    SourceNotFolder,

    /// <summary>The source of a synchronization is empty.</summary>
    EmptySource,

    /// <summary>Source and destination of a synchronization are the same folder, or one is inside the other.</summary>
    FoldersOverlap,

    /// <summary>A synchronization would remove more items than its limit.</summary>
    TooManyRemovals,

    /// <summary>A range of a folder, or of a link or special file that is copied as such, was requested.</summary>
    RangeOfFolder,

    /// <summary>A folder was moved or exchanged while it was copied.</summary>
    FolderChanged,

    /// <summary>Another process wrote to the destination while bytes were appended to it.</summary>
    DestinationChanged,

    /// <summary>Parts of an earlier split exist that a new one would leave.</summary>
    StaleParts,

    /// <summary>A part is missing among those that are joined.</summary>
    MissingPart,

    /// <summary>A file among the parts that are joined is not a part of the same file.</summary>
    NotAPart,

    /// <summary>The path is not valid for the kernel.</summary>
    InvalidPath,

    /// <summary>A format does not give each part of a file its own name.</summary>
    InvalidNameFormat,

    /// <summary>A file cannot be split into so many parts.</summary>
    TooManyParts,

    /// <summary>The kernel or the file system does not permit it.</summary>
    PermissionDenied,

    /// <summary>Two options contradict each other, or one has no effect without the other.</summary>
    ConflictingOptions,

    /// <summary>An offset is negative.</summary>
    NegativeOffset,

    /// <summary>A count is negative.</summary>
    NegativeCount,

    /// <summary>The offset is past the end of the source.</summary>
    OffsetPastEnd,

    /// <summary>The source ends before offset plus count.</summary>
    CountPastEnd,

    /// <summary>An offset was specified for a source or destination that is not seekable (pipe, socket, terminal).</summary>
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

    /// <summary>The method that was named cannot be used.</summary>
    MethodNotPossible,

    /// <summary>The destination's file system, or the user's quota, is full.</summary>
    DiskFull,

    /// <summary>The process's file-size limit, or the file system's, is reached.</summary>
    FileSizeLimit,

    /// <summary>The reader of the pipe or socket closed it.</summary>
    ReaderGone,

    /// <summary>The source became shorter while it was copied.</summary>
    SourceTruncated,

    /// <summary>The source was written to while it was copied.</summary>
    SourceChanged,

    /// <summary>Verification found a difference between source and destination.</summary>
    VerificationFailed,

    /// <summary>Reading the source failed.</summary>
    ReadFailed,

    /// <summary>Writing the destination failed.</summary>
    WriteFailed,

    /// <summary>An item could not be removed.</summary>
    RemoveFailed,

    /// <summary>The item is a mount point, and is neither moved nor removed.</summary>
    MountPoint,

    /// <summary>The transfer failed, and the kernel does not report on which side.</summary>
    TransferFailed,

    /// <summary>One side moved no byte for longer than its timeout.</summary>
    IdleTimeout,

    /// <summary>A host accepted fewer bytes per second than required, and the others waited for it.</summary>
    HostTooSlow,

    /// <summary>A reader of the source has bytes in its buffer, which the kernel does not see.</summary>
    SourceBuffered,

    /// <summary>The transfer was stopped by the user.</summary>
    Cancelled,

    /// <summary>The rest could be moved only after a wait, and NonBlock was set.</summary>
    WouldBlock,

    /// <summary>A program could not be started.</summary>
    CommandNotStarted,

    /// <summary>A command of a pipeline ended with an exit code other than 0, or by a signal.</summary>
    CommandFailed,

    /// <summary>An argument or an environment variable cannot be passed to a program.</summary>
    InvalidArgument,

    /// <summary>ssh was not found on this host.</summary>
    SshNotFound,

    /// <summary>The name is not a valid host name for ssh.</summary>
    InvalidHostName,

    /// <summary>ssh could not connect to a host, or the connection broke.</summary>
    ConnectionFailed,

    /// <summary>A program on a host failed.</summary>
    RemoteFailed,

    /// <summary>The process or the system has run out of a resource (descriptors, memory, pipes).</summary>
    ResourceExhausted,
}
