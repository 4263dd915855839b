using System.Security.Cryptography;
using Splice.Descriptors;

namespace Splice.Copying;

/// <summary>Content that a destination has received: flushes it, compares it with its source, and hashes it.</summary>
/// <param name="report">Takes how far flushing and verifying are.</param>
internal sealed class WrittenContent(
    DestinationEntry place, ITargetFile target, FileHashAlgorithm? algorithm, Action<TransferPhase, long> report, CancellationToken cancellation) : IDisposable
{
    private readonly IncrementalHash? _hash = algorithm is { } chosen ? FileHash.Create(chosen) : null;
    private long _hashed;

    /// <summary>True after a failed fsync(2), which does not report the lost bytes.</summary>
    public bool IsLost { get; private set; }

    public bool IsVerified { get; private set; }

    /// <summary>The hash in upper-case hexadecimal digits; null before it is complete.</summary>
    public string? Hash { get; private set; }

    public bool Flush(DescriptorKind kind, long size)
    {
        bool isFlushed = false;
        Run(() => isFlushed = DiskFlush.OfFile(target.Handle, kind, place.Path, cancellation, () => report(TransferPhase.Flushing, size)));
        return isFlushed;
    }

    /// <summary>Writes the content of a regular file to the disk, but not its metadata.</summary>
    public void WriteBack(long size) =>
        Run(() => DiskFlush.OfContent(target.Handle, size, place.Path, cancellation, () => report(TransferPhase.Flushing, size)));

    /// <summary>Compares a range with its source, which it is read from the disk for.</summary>
    public void Verify(Descriptor source, long sourceStart, long start, long size, bool isInPlace)
    {
        using var comparison = new Comparison(source, target.Handle, place.Path, cancellation)
        {
            Compared = same => report(TransferPhase.Verifying, same),
        };
        comparison.ReadFromDisk(start, size);
        long same = comparison.Run(sourceStart, start, size);
        if (same < size)
        {
            throw FileFailures.Different(
                source.Name, sourceStart + same, place.Path, start + same, isInPlace, isAppended: target is AppendedFile);
        }

        IsVerified = true;
    }

    /// <summary>Calls <paramref name="hash"/> after each step of a transfer, if there is a hash.</summary>
    public TransferMonitor Watch(TransferMonitor monitor, Action hash) => _hash is null ? monitor : monitor with
    {
        Progress = now =>
        {
            monitor.Progress?.Invoke(now);
            hash();
        },
    };

    /// <summary>Hashes what has arrived since the last call, while it is in the cache. A file that is larger than the memory would be
    /// read from the disk again if all of it was hashed at the end.</summary>
    public void HashUpTo(Descriptor file, long start, long size, bool isComplete)
    {
        if (_hash is null || (!isComplete && size - _hashed < Tuning.HashedAtOnce))
        {
            return;
        }

        FileHash.Add(_hash, file.Handle, start + _hashed, size - _hashed, errno => FileHash.Unreadable(file.Name, errno), cancellation);
        _hashed = size;
        if (isComplete)
        {
            Hash = FileHash.ToText(_hash);
        }
    }

    public void Dispose() => _hash?.Dispose();

    private void Run(Action flush)
    {
        try
        {
            flush();
        }
        catch (TransferException)
        {
            // A write-back error is reported once; then the pages are clean although they never reached the disk.
            IsLost = true;
            throw;
        }
    }
}
