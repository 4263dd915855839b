using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>A file that is received. It takes its place only when it is complete; what an interruption leaves is kept where it is
/// to be resumed.</summary>
internal sealed class ReceivedFile : IDisposable
{
    private const uint PrivateMode = 0x180; // 0600, until the file gets the mode that it has on the host

    private readonly MetadataLosses _losses = new();
    private readonly ReceiveRequest _request;
    private readonly DestinationPath _destination;
    private readonly Place _place;
    private readonly StagedFile? _staged;
    private readonly FileName? _partialName;
    private readonly SafeFileHandle? _partial;

    /// <param name="request">How to receive it.</param>
    /// <param name="path">Where it will be, or the folder that it will be in.</param>
    /// <param name="size">Its size.</param>
    /// <param name="partialSuffix">What an unfinished file has behind its name.</param>
    /// <param name="cancellation">Once cancelled, nobody waits for the file to be thrown away.</param>
    /// <exception cref="TransferException">It cannot be made, or what is there must stay.</exception>
    public ReceivedFile(ReceiveRequest request, string path, long size, string partialSuffix, CancellationToken cancellation)
    {
        _request = request;
        _destination = DestinationPath.Resolve(request.Source, path);
        try
        {
            Check(request, _destination);
            _place = _destination.ToPlace(mayReplace: !request.NoClobber);
            if (request.Resume)
            {
                _partialName = PartialName.With(_place.Name, partialSuffix);
                _partial = OpenPartial(_partialName.Value, size);
            }
            else
            {
                _staged = StagedFile.Create(_place, PrivateMode, cancellation, OpenFlags.ReadWrite);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Path => _place.Path;

    /// <summary>To be written, from <see cref="Kept"/> on.</summary>
    public SafeFileHandle Handle => _partial ?? _staged!.Handle;

    /// <summary>The bytes that an interrupted transfer has left.</summary>
    public long Kept { get; private set; }

    /// <summary>What worked only in part.</summary>
    public IReadOnlyList<string> Warnings => _losses.Describe();

    /// <summary>Gives the file its owner, mode, time and name.</summary>
    /// <exception cref="TransferException">It could not.</exception>
    public void Commit(RemoteFileInfo file)
    {
        SysResult result = LibC.CloseDuplicate(Handle);
        PreserveAttributes preserve = _request.Preserve;
        if (preserve.HasFlag(PreserveAttributes.Ownership) && LibC.ChangeOwner(Handle, file.UserId, file.GroupId) is { Ok: false } changed)
        {
            _losses.Add("its owner", changed.Errno, _place.Label);
        }

        uint mode = preserve.HasFlag(PreserveAttributes.Mode) ? file.Mode : file.Mode & ~OwnUmask.Value;
        result = result.Ok ? LibC.ChangeMode(Handle, mode) : result;
        result = result.Ok && preserve.HasFlag(PreserveAttributes.Timestamps)
            ? LibC.ChangeTimes(Handle, file.ModificationTime, file.ModificationTime)
            : result;
        if (!result.Ok)
        {
            throw FileFailures.OpenDestination(Path, result.Errno);
        }

        if (_staged is not null)
        {
            _staged.Commit(_place.Replaces);
        }
        else if (StagedFile.Rename(_place, _partialName!.Value, _place.Replaces) is { Ok: false } renamed)
        {
            throw _place.NameFailure(renamed.Errno);
        }
    }

    /// <summary>What is there is not what it should be: nothing can go on with it.</summary>
    public void ThrowAway()
    {
        if (_partialName is FileName name)
        {
            LibC.UnlinkAt(_place.Folder, name);
        }
    }

    public void Dispose()
    {
        _staged?.Dispose();
        _partial?.Dispose();
        _destination.Dispose();
    }

    private static void Check(ReceiveRequest request, DestinationPath destination)
    {
        if (destination.Existing is not { } existing)
        {
            return;
        }

        if (request.NoClobber)
        {
            throw FileFailures.DestinationExists(destination.Path);
        }

        if (existing.Kind != DescriptorKind.Regular || !destination.IsReplaceable || existing.IsMountRoot)
        {
            throw new TransferException(TransferErrorId.DestinationNotReplaceable,
                $"'{destination.Path}' cannot be replaced: it is no regular file, is a mount point, or leads to an open file only.",
                "Name another file.",
                Errno.EBUSY, destination.Path);
        }

        SysResult access = LibC.MayWriteAt(destination.Folder, destination.Name);
        if (!access.Ok && (!request.Force || access.Errno != Errno.EACCES))
        {
            throw FileFailures.OpenDestination(destination.Path, access.Errno);
        }
    }

    private SafeFileHandle OpenPartial(FileName name, long size)
    {
        SysResult opened = LibC.OpenAt(
            _place.Folder, name, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.NoFollow | OpenFlags.NonBlock, PrivateMode, out SafeFileHandle handle);
        if (!opened.Ok)
        {
            handle.Dispose();
            throw FileFailures.OpenDestination(_place.Path, opened.Errno);
        }

        bool isOurs = FileStatus.TryGet(handle, out FileStatus? status).Ok
            && status is { Kind: DescriptorKind.Regular, LinkCount: 1 } && status.UserId == LibC.EffectiveUserId;
        if (!isOurs || !LibC.Lock(handle).Ok)
        {
            handle.Dispose();
            throw new TransferException(TransferErrorId.DestinationBusy,
                $"'{name}' beside '{_place.Path}' is no unfinished file of this user, or another command writes to it.",
                "Wait for that, or remove it.",
                Errno.EBUSY, _place.Path);
        }

        Kept = Math.Min(status!.Size, size);
        TransferJournal.Current?.Note($"{_place.Path}: is built as '{name}' beside it, from byte {Kept} on");
        SysResult prepared = LibC.Truncate(handle, Kept);
        prepared = prepared.Ok ? LibC.Seek(handle, Kept, SeekOrigin.Begin) : prepared;
        if (!prepared.Ok)
        {
            handle.Dispose();
            throw FileFailures.OpenDestination(_place.Path, prepared.Errno);
        }

        return handle;
    }
}

/// <summary>Gives back the blocks of a file that have come as zeros.</summary>
internal static class HoleDigger
{
    private const int BufferSize = 1 << 20;
    private const int BlockSize = 4096;

    /// <summary>Makes holes of blocks of zeros. Where that cannot be done, the file has its blocks, and is right all the same.</summary>
    /// <param name="file">The file, open for reading and writing.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="to">Where to end.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static void Dig(SafeHandle file, long from, long to, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (long at = from / BlockSize * BlockSize; at < to;)
            {
                cancellation.ThrowIfCancellationRequested();
                SysResult read = LibC.Read(file, buffer.AsSpan(0, (int)Math.Min(BufferSize, to - at)), at);
                if (read.Errno == Errno.EINTR)
                {
                    continue;
                }

                if (!read.Ok || read.Value == 0 || !Dig(file, at, buffer.AsSpan(0, (int)read.Value)))
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

    /// <summary>Finds runs of zeros, in whole blocks. False: no holes can be made.</summary>
    private static bool Dig(SafeHandle file, long offset, ReadOnlySpan<byte> bytes)
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
