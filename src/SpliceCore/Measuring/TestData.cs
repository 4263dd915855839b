using Splice.Copying;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Measuring;

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
                throw Failures.Step(TransferMethod.ReadWrite, result.Errno, TransferSide.Destination, "random bytes", path, at);
            }

            at += Math.Max(result.Value, 0);
            written(at);
        }
    }
}
