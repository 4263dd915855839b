using Splice.Copying;
using Splice.Descriptors;
using Splice.Transfer;

namespace Splice;

/// <summary>Copies a file, or a range of one.</summary>
public static class FileCopy
{
    /// <summary>Copies a file. The old destination stays until the new one is complete.</summary>
    /// <param name="request">The file and the options.</param>
    /// <param name="monitor">Cancellation and progress.</param>
    /// <returns>The result.</returns>
    /// <exception cref="TransferException">It failed; a regular file that was to be replaced is unchanged.</exception>
    public static TransferResult Copy(CopyRequest request, TransferMonitor monitor) => Copy(request, folder: null, monitor);

    internal static TransferResult Copy(CopyRequest request, DestinationFolder? folder, TransferMonitor monitor)
    {
        while (true)
        {
            try
            {
                return CopyOnce(request, folder, monitor);
            }
            catch (TransferException exception) when (AppendedFile.HasAppeared(request, exception))
            {
                // Now there is a file to append to.
            }
        }
    }

    private static TransferResult CopyOnce(CopyRequest request, DestinationFolder? folder, TransferMonitor monitor)
    {
        request.ThrowIfInvalid();
        try
        {
            var counters = new TransferCounters();
            Descriptor source = SourceFile.Open(
                request.Source, monitor.Cancellation, Retrier.For(request.Retry, monitor, counters));
            using (source.Handle)
            {
                return folder is null
                    ? Copy(request, source, monitor, counters)
                    : folder.Copy(
                        request.Source,
                        mayReplace: !request.NoClobber,
                        request.Append,
                        place => Copy(request, source, place, folder, monitor, counters),
                        () => Copy(request, source, monitor, counters));
            }
        }
        catch (OperationCanceledException)
        {
            throw new TransferException(TransferErrorId.Cancelled,
                $"Copying '{request.Source}' to '{request.Destination}' was stopped before the first byte.",
                "Run the command again.",
                Errno.ECANCELED, request.Destination);
        }
    }

    private static TransferResult Copy(CopyRequest request, Descriptor source, TransferMonitor monitor, TransferCounters counters)
    {
        using var place = DestinationEntry.Resolve(request.Source, request.Destination, mayReplace: !request.NoClobber, request.CreatedFiles);
        return Copy(request, source, place, folder: null, monitor, counters);
    }

    private static TransferResult Copy(
        CopyRequest request, Descriptor source, DestinationEntry place, DestinationFolder? folder, TransferMonitor monitor, TransferCounters counters)
    {
        FileSystemPairCache? devices = folder?.DevicesFrom(source.Status);
        EntryDecision decision = FileUpdate.Decide(request, source, place, devices, monitor);
        if (!decision.WritesContent)
        {
            return FileUpdate.Leave(request, source, place, decision, counters, monitor.Cancellation);
        }

        TransferSpec spec = request.ToSpec(source, monitor, counters, devices);
        ExistingDestination.Check(request, source.Status, request.Source, place);
        if (place.Existing is { Kind: DescriptorKind.Regular })
        {
            ExistingDestination.CheckFolder(request, place, folder?.Identity);
            ExistingDestination.ReserveToWrite(request, source.Status, request.Source, place, monitor.Cancellation);
        }

        using var file = new DestinationWriter(request, source, place, spec, monitor, counters, new MetadataWarnings(request.RequiresMetadata));

        // Into a pipe or a device without positions one source follows the other.
        bool isListed = request.CreatedFiles is not null && folder?.IsNew != true
            && place.Existing?.Kind is null or DescriptorKind.Regular or DescriptorKind.Block;
        try
        {
            if (file.WriteAndCommit(isListed) is FileIdentity made)
            {
                request.CreatedFiles!.AddFile(made);
            }
        }
        catch (TransferException exception) when (folder?.IsNew == true && !request.Append && exception.Id == TransferErrorId.DestinationExists)
        {
            throw ExistingDestination.CameMeanwhile(request.Source, place.Path);
        }

        request.AddToCopied(source.Status);
        TransferResult result = file.Result();
        devices?.Learn(result.Attempts);
        return decision.Complete(result);
    }
}

/// <summary>One file to copy.</summary>
public sealed record CopyRequest
{
    /// <summary>File, device or FIFO to read: an absolute path.</summary>
    public required string Source { get; init; }

    /// <summary>Absolute path of a file, or of the folder for it.</summary>
    public required string Destination { get; init; }

    /// <summary>Offset of the first byte to copy in the source; null for its beginning.</summary>
    public long? Offset { get; init; }

    /// <summary>Number of bytes to copy; null for all up to the end.</summary>
    public long? Count { get; init; }

    /// <summary>Offset in the destination, which is written in place and keeps the rest of its content. Null: the destination becomes
    /// exactly what was copied, and its old content survives until then.</summary>
    public long? DestinationOffset { get; init; }

    /// <summary>True if an existing regular file is written in place instead of replaced: processes that have it open, and all its
    /// names, see the new content. An interruption leaves a part of the new content and the rest of the old.</summary>
    public bool InPlace { get; init; }

    /// <summary>True if the bytes are appended to an existing regular file, after what other processes append at the same time. After
    /// an error or an interruption it is truncated to its old size, if no other process has it open.</summary>
    public bool Append { get; init; }

    /// <summary>True if the copy ends when its content, metadata and name are on the disk.</summary>
    public bool Flush { get; init; }

    /// <summary>True if source and destination are read again and compared before a new file gets its name, the destination from its
    /// disk.</summary>
    public bool Verify { get; init; }

    /// <summary>The algorithm of the hash that the result gets; null for none. The bytes are hashed after they have arrived, as the
    /// destination has them; of a file that is up to date, all of them.</summary>
    public FileHashAlgorithm? HashAlgorithm { get; init; }

    /// <summary>True if an interrupted copy leaves a partial file beside the destination, and resumes the one of an earlier copy of the
    /// same source.</summary>
    public bool Resume { get; init; }

    /// <summary>Selects the existing files that are replaced.</summary>
    public UpdateMode Update { get; init; }

    /// <summary>Two modification times that differ by at most this are the same to <see cref="Update"/>.</summary>
    public TimeSpan TimeTolerance { get; init; }

    /// <summary>Selects the existing files of which only the blocks that differ are written. It is for whole files of at least 1 MiB,
    /// with <see cref="SparseMode.Auto"/> and no named method.</summary>
    public DeltaMode Delta { get; init; } = DeltaMode.Never;

    /// <summary>Bytes of a block of <see cref="Delta"/>, in multiples of 4 KiB: each is written from its first page that differs to its
    /// last one.</summary>
    public int BlockSize { get; init; } = 64 << 10;

    /// <summary>Method of moving the bytes.</summary>
    public TransferMethod Method { get; init; }

    /// <summary>Sharing of blocks with the source.</summary>
    public ReflinkMode Reflink { get; init; }

    /// <summary>Handling of holes and blocks of zeros.</summary>
    public SparseMode Sparse { get; init; }

    /// <summary>Flags for splice(2).</summary>
    public SpliceFlags Flags { get; init; }

    /// <summary>Capacity of the pipe that splice(2) needs, in bytes; null for 1 MiB.</summary>
    public int? PipeSize { get; init; }

    /// <summary>Limit in bytes per second, without holes and reflinked bytes. Copies with the same limiter share it. Null:
    /// unlimited.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>Number of consecutive retries after a transient error (EIO, ESTALE, ETIMEDOUT and similar); 0 for none.</summary>
    public int RetryCount { get; init; }

    /// <summary>Wait before each retry.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(1);

    internal RetryPolicy Retry => new(Source, Destination, RetryCount, RetryInterval);

    /// <summary>True if a source may change during the copy, which ends at its first size. Otherwise that is an error.</summary>
    public bool AllowChanging { get; init; }

    /// <summary>True if an existing destination is an error.</summary>
    public bool NoClobber { get; init; }

    /// <summary>True if a read-only destination is replaced.</summary>
    public bool Force { get; init; }

    /// <summary>Metadata that the copy of a whole file preserves.</summary>
    public PreserveAttributes Preserve { get; init; } = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    /// <summary>The sources of the command, and items that its earlier copies created: none of them is replaced or overwritten. Null for
    /// a command of one copy.</summary>
    public CreatedFiles? CreatedFiles { get; init; }

    /// <summary>Collects what is copied, so that it can be removed afterwards; null for none.</summary>
    internal CopiedSources? Copied { get; init; }

    /// <summary>True if metadata that cannot be preserved are an error, unless the user or the file system cannot have them: the source
    /// is removed after the copy.</summary>
    internal bool RequiresMetadata { get; init; }

    /// <summary>True if the content is written back, and flushed together with that of other files afterwards.</summary>
    internal bool WritesBack { get; init; }

    /// <summary>True if the copy is one of the parts of a file, which are as private as the file.</summary>
    internal bool IsPart { get; init; }

    /// <summary>True for a whole file, which preserves metadata.</summary>
    internal bool IsWhole => Offset is null && Count is null && DestinationOffset is null;

    /// <summary>True if an existing regular file is written in place.</summary>
    internal bool WritesInto => InPlace || Append || DestinationOffset.HasValue;

    /// <summary>True if the destination has nothing but the copied content afterwards.</summary>
    internal bool IsExact => DestinationOffset is null && !Append;

    /// <summary>Adds the source itself, at the top, to what was copied.</summary>
    internal void AddToCopied(FileStatus source) => Copied?.Add(default, Path.GetFileName(Source.TrimEnd('/')), source);

    /// <summary>Checks the paths and numbers, and that options do not exclude each other.</summary>
    internal void ThrowIfInvalid()
    {
        RangeCheck.ThrowIfNegative(Offset, Count, DestinationOffset, Source, Destination);
        PathCheck.Name(Source);
        PathCheck.Name(Destination);
        ChooseMethod();
        string? inPlace = Append ? "-Append" : InPlace ? "-InPlace" : DestinationOffset.HasValue ? "-DestinationOffset" : null;
        if (Append && (InPlace || DestinationOffset.HasValue))
        {
            string other = InPlace ? "-InPlace" : "-DestinationOffset";
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"-Append writes to the end of '{Destination}', and {other} does not.", "Omit one of them.", target: Destination);
        }

        string? part = Append ? "-Append" : !IsWhole ? "A range (-Offset, -Count, -DestinationOffset)" : null;
        if (Update != UpdateMode.Always && part is not null)
        {
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"-Update compares '{Source}' with '{Destination}' as whole files. {part} does not make them equal.", "Omit one of them.",
                target: Destination);
        }

        if (Resume && inPlace is not null)
        {
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"-Resume writes a new file beside '{Destination}', and {inPlace} writes to the existing one.", "Omit one of them.",
                target: Destination);
        }
    }

    /// <summary>Returns the transfer from a source with these options.</summary>
    internal TransferSpec ToSpec(Descriptor source, TransferMonitor monitor, TransferCounters counters, FileSystemPairCache? devices = null)
    {
        long? start = source.IsSeekable ? Offset ?? 0 : null;
        return new TransferSpec
        {
            Offset = start,
            Length = RangeCheck.Source(source, Offset, start, Count),
            RequestedCount = Count,
            RequiresAll = true,
            AllowsChanging = AllowChanging,
            Method = ChooseMethod(),
            DestinationFileSystem = devices?.FileSystem,
            SourceFileSystem = devices?.SourceFileSystemOf(source),
            SkipsReflink = devices?.RefusesReflink == true,
            Reflink = Reflink,
            Sparse = Sparse,
            Flags = Flags,
            PipeSize = PipeSize,
            RateLimit = RateLimit,
            Retrier = Retrier.For(Retry, monitor, counters),
        };
    }

    /// <summary>Returns the method that results from the options.</summary>
    private TransferMethod ChooseMethod()
    {
        if (Flags != SpliceFlags.None && Method is not (TransferMethod.Auto or TransferMethod.Splice))
        {
            throw new TransferException(TransferErrorId.MethodNotPossible,
                $"The flags {Flags} are for splice(2), and {Method} does not support flags.",
                "Use -Method Splice, or omit -Flags.",
                target: Destination);
        }

        TransferMethod named = Method == TransferMethod.Auto && Flags != SpliceFlags.None ? TransferMethod.Splice : Method;
        if (Reflink != ReflinkMode.Always)
        {
            return named;
        }

        if (Sparse != SparseMode.Auto)
        {
            throw new TransferException(TransferErrorId.MethodNotPossible,
                $"-Reflink Always keeps the holes of '{Source}', and -Sparse {Sparse} does not.",
                "Omit one of them.",
                target: Destination);
        }

        return named is TransferMethod.Auto or TransferMethod.Reflink
            ? TransferMethod.Reflink
            : throw new TransferException(TransferErrorId.MethodNotPossible,
                $"-Reflink Always shares the blocks of '{Source}', and {named} does not.",
                "Omit -Method and -Flags, or omit -Reflink.",
                target: Destination);
    }
}

/// <summary>Defines which existing files a copy replaces.</summary>
public enum UpdateMode
{
    /// <summary>All.</summary>
    Always = 0,

    /// <summary>Those whose size or modification time differs from the source's: rsync's quick check.</summary>
    Changed,

    /// <summary>Those that were modified before the source.</summary>
    Newer,

    /// <summary>Those whose size differs from the source's.</summary>
    Size,

    /// <summary>Those whose content differs from the source's: both are read.</summary>
    Content,
}

/// <summary>Defines when only those blocks of an existing file are written that differ from the source's at the same offsets. A new
/// file begins as a clone of the old one (reflink) and shares the other blocks with it and its snapshots; without reflinks it is written
/// whole. A file that is written in place keeps them.</summary>
public enum DeltaMode
{
    /// <summary>If the destination cannot share the blocks of the source, and at most half of the bytes differ.</summary>
    Auto = 0,

    /// <summary>Also where the source's own blocks could be shared.</summary>
    Always,

    /// <summary>Never: files are written whole.</summary>
    Never,
}

/// <summary>Metadata that a copy preserves.</summary>
[Flags]
public enum PreserveAttributes
{
    /// <summary>Nothing: a new file gets the source's permission bits less the umask, and the current time.</summary>
    None = 0,

    /// <summary>The permission bits; set-user-ID and set-group-ID only together with <see cref="Ownership"/>.</summary>
    Mode = 1,

    /// <summary>The times of the last access and the last modification, to the nanosecond.</summary>
    Timestamps = 2,

    /// <summary>User and group, which only root can set to others.</summary>
    Ownership = 4,

    /// <summary>The extended attributes (xattr(7)), file capabilities included.</summary>
    Xattr = 8,

    /// <summary>The POSIX access control lists (acl(5)), a folder's default list included.</summary>
    Acl = 16,

    /// <summary>Hard links within a tree.</summary>
    HardLink = 32,

    /// <summary>All of these; special files (FIFOs, sockets, devices) are recreated.</summary>
    All = Mode | Timestamps | Ownership | Xattr | Acl | HardLink,
}
