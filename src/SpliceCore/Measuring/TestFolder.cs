using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Measuring;

/// <summary>A folder that files are made in which nobody is to see.</summary>
internal sealed class TestFolder : IDisposable
{
    private const uint PrivateMode = 0x180; // 0600

    private readonly Place _place;

    private TestFolder(string path, SafeFileHandle handle, FileStatus status)
    {
        Path = path;
        Handle = handle;
        Device = status.Inode.Device;
        _place = new Place(handle, "unnamed", Existing: null, path, MayReplace: false);
    }

    public string Path { get; }

    public SafeFileHandle Handle { get; }

    /// <summary>The device of its file system.</summary>
    public ulong Device { get; }

    /// <summary>Opens a folder.</summary>
    /// <exception cref="TransferException">There is no such folder.</exception>
    public static TestFolder Open(string path)
    {
        PathCheck.Name(path);
        SysResult result = LibC.Open(path, OpenFlags.PathOnly | OpenFlags.Directory, out SafeFileHandle handle);
        FileStatus? status = null;
        if (result.Ok)
        {
            result = FileStatus.TryGet(handle, out status);
        }

        if (!result.Ok)
        {
            handle.Dispose();
            throw FileFailures.OpenFolder(path, result.Errno);
        }

        return new TestFolder(path, handle, status!);
    }

    /// <summary>Makes a file that goes when it is disposed.</summary>
    /// <exception cref="TransferException">The user may not, or the file system is full.</exception>
    public StagedFile NewFile(CancellationToken cancellation) =>
        StagedFile.Create(_place, PrivateMode, cancellation, OpenFlags.ReadWrite);

    public void Dispose() => Handle.Dispose();
}

/// <summary>What is copied: random bytes, which no file system, disk or network makes smaller, or takes for a hole.</summary>
internal static class TestData
{
    private const int Piece = 1 << 20;

    /// <summary>Makes the file, and waits until the disk has it, so that no run shares the disk with it.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="written">Hears how many there are.</param>
    /// <param name="cancellation">Ends it.</param>
    public static StagedFile Write(TestFolder folder, long size, Action<long> written, CancellationToken cancellation)
    {
        StagedFile file = folder.NewFile(cancellation);
        try
        {
            Fill(file, folder.Path, size, written, cancellation);
            DiskFlush.OfFile(file.Handle, DescriptorKind.Regular, folder.Path, cancellation);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static void Fill(StagedFile file, string path, long size, Action<long> written, CancellationToken cancellation)
    {
        byte[] piece = new byte[Math.Min(Piece, size)];
        long at = 0;
        while (at < size)
        {
            cancellation.ThrowIfCancellationRequested();
            Random.Shared.NextBytes(piece);
            SysResult result = LibC.Write(file.Handle, piece.AsSpan(0, (int)Math.Min(piece.Length, size - at)), at);
            if (!result.Ok && result.Errno != Errno.EINTR)
            {
                throw TransferFailures.Step(TransferMethod.ReadWrite, result.Errno, TransferSide.Destination, "random bytes", path, at);
            }

            at += Math.Max(result.Value, 0);
            written(at);
        }
    }
}

/// <summary>Whether test data and a copy of it find room, before the first byte is written.</summary>
internal static class FreeSpace
{
    /// <exception cref="TransferException">They do not.</exception>
    public static void Check(TestFolder source, TestFolder destination, long size)
    {
        if (source.Device == destination.Device)
        {
            Check(source, 2 * (UInt128)size, "the test data and one copy");
        }
        else
        {
            Check(source, (UInt128)size, "the test data");
            Check(destination, (UInt128)size, "one copy");
        }
    }

    private static void Check(TestFolder folder, UInt128 needed, string what)
    {
        SysResult free = LibC.FreeSpace(folder.Handle);
        if (free.Ok && (UInt128)free.Value < needed)
        {
            throw new TransferException(TransferErrorId.DiskFull,
                $"The file system of '{folder.Path}' has {free.Value} bytes free, and {what} would take {needed} there. Nothing was written.",
                "Free some space, choose another folder, or a smaller -Size.",
                Errno.ENOSPC, folder.Path);
        }
    }
}
