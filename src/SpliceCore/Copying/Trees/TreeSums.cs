using Splice.Transfer;

namespace Splice.Copying.Trees;

/// <summary>What one worker has done. Others may look at the counts meanwhile.</summary>
internal sealed class TreeSums
{
    private readonly long[] _bytesByMethod = new long[(int)TransferMethod.ReadWrite + 1];

    public long Files { get; set; }

    public long Folders { get; set; }

    public long Unchanged { get; set; }

    public long Failed { get; set; }

    public long BytesMoved { get; private set; }

    public long BytesReflinked { get; private set; }

    public long BytesInHoles { get; private set; }

    public long SystemCalls { get; set; }

    public long Retries { get; private set; }

    /// <summary>The bytes of the file that is under way.</summary>
    public long BytesUnderWay { get; set; }

    public long BytesCopied => BytesMoved + BytesReflinked + BytesInHoles;

    public void Add(TransferTally tally)
    {
        BytesMoved += tally.BytesMoved;
        BytesReflinked += tally.BytesReflinked;
        BytesInHoles += tally.BytesInHoles;
        Retries += tally.Retries;
        for (int i = 0; i < _bytesByMethod.Length; i++)
        {
            _bytesByMethod[i] += tally.BytesBy((TransferMethod)i);
        }

        BytesUnderWay = 0;
    }

    public void Add(TreeSums other)
    {
        Files += other.Files;
        Folders += other.Folders;
        Unchanged += other.Unchanged;
        Failed += other.Failed;
        BytesMoved += other.BytesMoved;
        BytesReflinked += other.BytesReflinked;
        BytesInHoles += other.BytesInHoles;
        SystemCalls += other.SystemCalls;
        Retries += other.Retries;
        for (int i = 0; i < _bytesByMethod.Length; i++)
        {
            _bytesByMethod[i] += other._bytesByMethod[i];
        }
    }

    /// <summary>The method that moved the most; null where none had to.</summary>
    public TransferMethod? MainMethod
    {
        get
        {
            int main = Array.IndexOf(_bytesByMethod, _bytesByMethod.Max());
            return _bytesByMethod[main] == 0 ? null : (TransferMethod)main;
        }
    }
}
