using Xunit;

[assembly: AssemblyFixture(typeof(FaultLedger))]

namespace Splice.TestKit.Faults;

/// <summary>The sums over all faults of a test run.</summary>
public sealed class FaultLedger
{
    private int _tried;
    private int _copied;
    private int _oldKept;
    private int _mixed;
    private int _littered;

    internal void Add(bool copied, bool oldKept, bool littered)
    {
        Interlocked.Increment(ref _tried);
        Interlocked.Add(ref _copied, copied ? 1 : 0);
        Interlocked.Add(ref _oldKept, oldKept ? 1 : 0);
        Interlocked.Add(ref _mixed, copied || oldKept ? 0 : 1);
        Interlocked.Add(ref _littered, littered ? 1 : 0);
    }

    /// <returns>The sums so far, in one line.</returns>
    public override string ToString() =>
        $"faults tried {_tried}: copied all the same {_copied}, old file kept {_oldKept}, neither {_mixed}, litter found {_littered}";
}
