using Xunit;

namespace Splice.TestKit.Processes;

/// <summary>The descriptors that the process has open.</summary>
internal static class OpenDescriptors
{
    private const int Runs = 50;

    public static int Count => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    /// <summary>Runs something often, and fails if it left descriptors behind. What an earlier test left to the garbage
    /// collector is collected first, and one run goes ahead for all that is made only once.</summary>
    public static void AssertNoneLeft(Action action)
    {
        action();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        int before = Count;
        for (int i = 0; i < Runs; i++)
        {
            action();
        }

        // A leak shows in every run; the runtime opens a few for threads of its own when it likes to.
        Assert.InRange(Count - before, int.MinValue, Runs / 5);
    }
}
