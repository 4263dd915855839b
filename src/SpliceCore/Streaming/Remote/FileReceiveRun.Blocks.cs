using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>Receives the blocks of a file that differ from the old one here, into a copy of it.</summary>
internal sealed partial class FileReceiveRun
{
    // What is not read yet of their lines and bytes has to fit into pipes and the window of ssh.
    private const int RangesAtOnce = 512;

    private static readonly ReadOnlyMemory<byte> ToolRequest = "tool\n"u8.ToArray();

    private BlockRanges? _ranges;
    private string? _wholeReason;

    /// <returns>False if the whole file is received.</returns>
    private bool TryReceiveBlocks(SshSession session, RemoteFileInfo file)
    {
        using DeltaBase? old = _received!.TryOpenOld();
        if (old is null)
        {
            _wholeReason = "the old file is missing or cannot be read";
            return false;
        }

        Write(session, ToolRequest);
        string? tool = null;
        WaitForAnswer(session, () => (tool ??= session.TryReadAnswer(HostScript.Tool)) is not null);
        var blocks = HostBlocks.For(Request, file.Size, (tool!, HostBlocks.NewKey()), upTo: file.Size);
        _wholeReason = HostBlocks.FindObstacle(file.Size, old.Size, tool!)
            ?? (Request.Delta == DeltaMode.Auto && DiffersMostly(session, blocks, old, file.Size) ? HostBlocks.MostlyDifferent : null);
        if (_wholeReason is null)
        {
            ReceiveBlocks(session, blocks, old, file.Size);
        }

        return _wholeReason is null;
    }

    private bool DiffersMostly(SshSession session, HostBlocks blocks, DeltaBase old, long size)
    {
        Write(session, blocks.SampleRequest);
        BlockSums own = Sums(old.Content.File, Math.Min(old.Size, size), blocks);
        own.Compute(0, blocks.SampleCount);
        return blocks.DifferMostly(ReadSums(session, blocks, blocks.SampleCount), own, size);
    }

    private void ReceiveBlocks(SshSession session, HostBlocks blocks, DeltaBase old, long size)
    {
        Write(session, blocks.DeltaRequest);
        SafeFileHandle target = _received!.Handle;
        PrintedSums there = Compare(session, blocks, old, size);
        ThrowIfFailed(LibC.Truncate(target, size));
        Progress.SetLength(_ranges!.Data.Sum(range => range.Length));
        foreach ((long Start, long Length)[] ranges in Punch(_ranges).Chunk(RangesAtOnce))
        {
            Write(session, ranges.SelectMany(range => BlockRanges.LineOf(range.Start, range.Length)).ToArray());
            foreach ((long start, long length) in ranges)
            {
                ThrowIfFailed(LibC.Seek(target, start, SeekOrigin.Begin));
                Move(session, TransferEndpoint.OfHandle(target, _received.Path), length, digest: null);
            }
        }

        Answer(session, BlockRanges.LineOf(0, 0));
        ReadTail(session);
        Verify(there, old, size, blocks);
    }

    /// <summary>Copies the old file, and finds the ranges that differ. Both sides compute at the same time.</summary>
    /// <returns>The sums of the host.</returns>
    private PrintedSums Compare(SshSession session, HostBlocks blocks, DeltaBase old, long size)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task<BlockSums> own = Task.Run(
            () =>
            {
                BlockSums sums = Sums(old.CopyTo(_received!.Handle, stop.Token), Math.Min(old.Size, size), blocks, stop.Token);
                sums.Compute(0, sums.Count);
                return sums;
            },
            CancellationToken.None);
        try
        {
            PrintedSums there = ReadSums(session, blocks, blocks.Count);
            _ranges = BlockRanges.Find(there, own.GetAwaiter().GetResult(), size);
            return there;
        }
        finally
        {
            stop.Cancel();
            Task.WaitAny(own);
        }
    }

    /// <summary>Makes holes of the ranges of zeros. Returns the ranges to receive: those with data, and the others where a file system
    /// has no holes.</summary>
    private List<(long Start, long Length)> Punch(BlockRanges ranges) =>
        [.. ranges.Data, .. ranges.Zeros.Where(range => !LibC.PunchHole(_received!.Handle, range.Start, range.Length).Ok)];

    /// <summary>Compares the written blocks of the new file with those of the host. If the old file has changed since it was cloned,
    /// it is not known which blocks the clone has, and all are compared.</summary>
    private void Verify(PrintedSums there, DeltaBase old, long size, HostBlocks blocks)
    {
        BlockSums own = Sums(_received!.Handle, size, blocks);
        bool hasChanged = old.HasChanged;
        foreach ((long start, long length) in hasChanged ? [(0, size)] : _ranges!.All)
        {
            long first = start / blocks.Size;
            long end = (start + length + blocks.Size - 1) / blocks.Size;
            own.Compute(first, end);
            for (long block = first; block < end; block++)
            {
                if (!own[block].SequenceEqual(there[block]))
                {
                    throw hasChanged ? DeltaBase.Changed(_received.Path) : RemoteFailure.DifferentBlocks($"'{_received.Path}'", $"'{Request.Source}' on '{Host.Text}'", Host.Text);
                }
            }
        }
    }

    private BlockSums Sums(SafeHandle file, long size, HostBlocks blocks, CancellationToken? stop = null) =>
        new(file, size, blocks, errno => FileFailures.OpenDestination(_received!.Path, errno), stop ?? Cancellation);

    private PrintedSums ReadSums(SshSession session, HostBlocks blocks, long count)
    {
        var sums = new PrintedSums(session, blocks, count);
        WaitForAnswer(session, sums.TryRead);
        return sums;
    }

    private void ThrowIfFailed(SysResult result)
    {
        if (!result.Ok)
        {
            throw FileFailures.OpenDestination(_received!.Path, result.Errno);
        }
    }
}
