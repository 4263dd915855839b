using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Measuring;

/// <summary>A folder for files without a name.</summary>
internal sealed class TestFolder : IDisposable
{
    private readonly DestinationEntry _place;

    private TestFolder(string path, SafeFileHandle handle, FileStatus status)
    {
        Path = path;
        Handle = handle;
        Device = status.Inode.Device;
        _place = new DestinationEntry(handle, "unnamed", Existing: null, path, MayReplace: false);
    }

    public string Path { get; }

    public SafeFileHandle Handle { get; }

    public ulong Device { get; }

    public static TestFolder Open(string path)
    {
        PathCheck.Name(path);
        SysResult result = LibC.Open(path, LibC.O_PATH | LibC.O_DIRECTORY, out SafeFileHandle handle);
        FileStatus? status = null;
        result = result.Ok ? FileStatus.TryGet(handle, out status) : result;
        if (!result.Ok)
        {
            handle.Dispose();
            throw FileFailures.OpenFolder(path, result.Errno);
        }

        return new TestFolder(path, handle, status!);
    }

    /// <summary>Creates a file that is removed when it is disposed.</summary>
    public StagedFile NewFile(CancellationToken cancellation)
    {
        var file = StagedFile.Create(_place, ModeBits.Private, cancellation, LibC.O_RDWR);
        file.Unlock();
        return file;
    }

    public void Dispose() => Handle.Dispose();
}

/// <summary>The file to copy: random bytes, which no file system, disk or network compresses or stores as a hole.</summary>
internal static class TestData
{
    /// <summary>Creates the file and flushes it to the disk, so that its write-back does not slow a run.</summary>
    public static StagedFile Write(TestFolder folder, long size, Action<long> written, CancellationToken cancellation)
    {
        byte[] chunk = new byte[Math.Min(Tuning.LargestRead, size)];
        StagedFile file = folder.NewFile(cancellation);
        try
        {
            for (long offset = 0; offset < size;)
            {
                cancellation.ThrowIfCancellationRequested();
                Random.Shared.NextBytes(chunk);
                int length = (int)Math.Min(chunk.Length, size - offset);
                if (LibC.WriteAll(file.Handle, chunk.AsSpan(0, length), offset) is { Ok: false } failed)
                {
                    throw TransferFailures.Step(
                        TransferMethod.ReadWrite, failed.Errno, TransferSide.Destination, "random bytes", folder.Path, offset);
                }

                offset += length;
                written(offset);
            }

            DiskFlush.OfFile(file.Handle, DescriptorKind.Regular, folder.Path, cancellation);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}

/// <summary>Checks the free space before the first byte is written.</summary>
internal static class FreeSpace
{
    /// <exception cref="TransferException">The test data and one copy do not fit.</exception>
    public static void Check(TestFolder source, TestFolder destination, long size)
    {
        (TestFolder Folder, UInt128 Needed, string Content)[] needs = source.Device == destination.Device
            ? [(source, 2 * (UInt128)size, "the test data and one copy")]
            : [(source, (UInt128)size, "the test data"), (destination, (UInt128)size, "one copy")];
        foreach ((TestFolder folder, UInt128 needed, string content) in needs)
        {
            SysResult free = LibC.FreeSpace(folder.Handle);
            if (free.Ok && (UInt128)free.Value < needed)
            {
                throw new TransferException(TransferErrorId.DiskFull,
                    $"The file system of '{folder.Path}' has {ByteSize.Format(free.Value, CultureInfo.InvariantCulture)} free, and {content} would need {ByteSize.Format((double)needed, CultureInfo.InvariantCulture)} there. Nothing was written.",
                    "Free some space, choose another folder, or a smaller -Size.",
                    Errno.ENOSPC, folder.Path);
            }
        }
    }
}
