using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>Writes a received file beside the destination, and gives it its name when it is complete. With -Resume, an
/// interruption leaves a partial file.</summary>
internal sealed class ReceivedFile : IDisposable
{
    private readonly ReceiveRequest _request;
    private readonly CancellationToken _cancellation;
    private readonly DestinationEntry _place;
    private readonly ITargetFile _file;
    private readonly DestinationWriter _writer;

    /// <param name="size">The size of the file in bytes.</param>
    /// <param name="partialSuffix">The end of the name of a partial file.</param>
    /// <param name="cancellation">Once cancelled, the file is discarded in the background.</param>
    /// <exception cref="TransferException">It cannot be created, or an existing file must not be replaced.</exception>
    public ReceivedFile(ReceiveRequest request, string path, long size, string partialSuffix, CancellationToken cancellation)
    {
        _request = request;
        _cancellation = cancellation;
        _place = DestinationEntry.Resolve(request.Source, path, mayReplace: !request.NoClobber);
        try
        {
            Check(request, _place);
            _file = request.Resume
                ? PartialFile.Open(_place, PartialName.With(_place.Name, partialSuffix), request.Source, size)
                : StagedFile.Create(_place, ModeBits.Private, cancellation, LibC.O_RDWR);
            _writer = new DestinationWriter(_place, _file, cancellation);
            Resumed = (_file as PartialFile)?.ResumeOffset ?? 0;
            if (LibC.Seek(Handle, Resumed, SeekOrigin.Begin) is { Ok: false } moved)
            {
                throw FileFailures.OpenDestination(_place.Path, moved.Errno);
            }
        }
        catch
        {
            _file?.Dispose();
            _place.Dispose();
            throw;
        }
    }

    public string Path => _place.Path;

    /// <summary>The file, to be written from <see cref="Resumed"/> on.</summary>
    public SafeFileHandle Handle => _file.Handle;

    /// <summary>Number of bytes from an interrupted transfer.</summary>
    public long Resumed { get; }

    /// <summary>Opens the old file; null if there is none, or it cannot be read.</summary>
    public DeltaBase? TryOpenOld() => DeltaBase.TryOpen(_place, _request.Delta, _request.BlockSize, _cancellation);

    public IReadOnlyList<string> Warnings => _writer.MetadataWarnings.Describe();

    /// <summary>Sets the metadata, and gives the file its name.</summary>
    public void Commit(RemoteFileInfo file)
    {
        if (LibC.CloseDuplicate(Handle) is { Ok: false } closed)
        {
            // NFS and FUSE report lost bytes only then.
            throw FileFailures.Flush(Path, closed.Errno, "close(2)");
        }

        PreserveAttributes preserve = _request.Preserve;
        Metadata.CarryOver(Handle, _place, preserve, _writer.MetadataWarnings);
        if (preserve.HasFlag(PreserveAttributes.Ownership))
        {
            Note(LibC.ChangeOwner(Handle, file.UserId, file.GroupId), "the owner");
        }

        if (_place.Existing is null || preserve.HasFlag(PreserveAttributes.Mode))
        {
            uint mode = preserve.HasFlag(PreserveAttributes.Mode) ? file.Mode : file.Mode & ~ProcessUmask.Value;
            Note(LibC.ChangeMode(Handle, mode), "the mode");
        }

        if (preserve.HasFlag(PreserveAttributes.Timestamps))
        {
            Note(Metadata.SetTimes(Handle, isPath: false, file.ModificationTime, file.ModificationTime), "the times");
        }

        if (_request.Flush)
        {
            DiskFlush.OfFile(Handle, DescriptorKind.Regular, Path, _cancellation);
        }

        _writer.Commit();
        if (_request.Flush)
        {
            using SafeFileHandle folder = DiskFlush.OpenFolder(_place);
            DiskFlush.OfFolder(folder, Path, _cancellation);
        }
    }

    /// <summary>Removes content that is known to be wrong.</summary>
    public void Discard() => _file.Abandon(good: 0);

    public void Dispose()
    {
        _writer.Dispose();
        _place.Dispose();
    }

    private void Note(SysResult result, string what) => _writer.MetadataWarnings.Note(result, what, _place.Label);

    /// <exception cref="TransferException">The existing file must not be replaced.</exception>
    public static void Check(ReceiveRequest request, DestinationEntry place)
    {
        var copy = new CopyRequest { Source = request.Source, Destination = place.Path, NoClobber = request.NoClobber, Force = request.Force };
        ExistingDestination.Check(copy, source: null, request.Source, place);
        if (place.Existing is not null and not { Kind: DescriptorKind.Regular })
        {
            throw new TransferException(TransferErrorId.DestinationNotReplaceable,
                $"'{place.Path}' cannot be replaced: it is not a regular file.", "Specify another file.", Errno.EBUSY, place.Path);
        }
    }
}

/// <summary>Deallocates blocks of zeros.</summary>
internal static class ZeroPuncher
{
    private const int BlockSize = 4096;

    /// <summary>Punches holes into a range of a file, unless the file system has none.</summary>
    public static void Punch(SafeHandle file, long from, long to, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Tuning.LargestRead);
        try
        {
            for (long at = from / BlockSize * BlockSize; at < to;)
            {
                cancellation.ThrowIfCancellationRequested();
                SysResult read = LibC.Read(file, buffer.AsSpan(0, (int)Math.Min(Tuning.LargestRead, to - at)), at);
                if (read.Errno == Errno.EINTR)
                {
                    continue;
                }

                if (!read.Ok || read.Value == 0 || !Punch(file, at, buffer.AsSpan(0, (int)read.Value)))
                {
                    return;
                }

                at += read.Value;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Punches out the blocks of zeros. False if holes are unsupported.</summary>
    private static bool Punch(SafeHandle file, long offset, ReadOnlySpan<byte> bytes)
    {
        for (int start = 0; start < bytes.Length;)
        {
            int end = start;
            while (end < bytes.Length && !bytes[end..Math.Min(end + BlockSize, bytes.Length)].ContainsAnyExcept((byte)0))
            {
                end = Math.Min(end + BlockSize, bytes.Length);
            }

            if (end > start && !LibC.PunchHole(file, offset + start, end - start).Ok)
            {
                return false;
            }

            start = end == bytes.Length ? end : end + BlockSize;
        }

        return true;
    }
}
