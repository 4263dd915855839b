namespace Splice.Transfer;

/// <summary>A number that stands for the extents of a range: the same extents, the same number.</summary>
internal struct ExtentSum
{
    private const ulong Prime = 0x9E3779B97F4A7C15; // 2^64 over the golden ratio

    public ulong Value { get; private set; }

    public void Add(Extent extent)
    {
        Value = (ulong.RotateLeft(Value, 25) ^ (ulong)extent.Offset) * Prime;
        Value = (ulong.RotateLeft(Value, 25) ^ (ulong)extent.Length ^ (extent.IsHole ? Prime : 0)) * Prime;
    }
}
