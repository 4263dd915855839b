using System.Globalization;
using System.Runtime.CompilerServices;
using Xunit;

namespace Splice.TestKit;

/// <summary>How much a run tests. An everyday run takes a few cases of a long matrix, and few rounds; with SPLICE_TEST_FULL=1
/// nothing is left out. SPLICE_TEST_ROUNDS sets the rounds of random tests, SPLICE_TEST_SEED repeats one.</summary>
internal static class FullRun
{
    public static bool IsRequested { get; } = Environment.GetEnvironmentVariable("SPLICE_TEST_FULL") == "1";

    /// <summary>How often a test does something.</summary>
    public static int Count(int everyday, int full) => IsRequested ? full : everyday;

    /// <summary>The rounds of a random test.</summary>
    public static int Rounds(int everyday, int full) => Setting("SPLICE_TEST_ROUNDS") ?? Count(everyday, full);

    /// <summary>The seed of a random test, which tells it.</summary>
    public static int Seed(ITestOutputHelper output)
    {
        int seed = Setting("SPLICE_TEST_SEED") ?? Random.Shared.Next();
        output.WriteLine($"SPLICE_TEST_SEED={seed}");
        return seed;
    }

    /// <summary>The cases of a matrix that this run takes: all, or so many that each value of each argument occurs, mixed as
    /// evenly as can be.</summary>
    public static IEnumerable<T> Cases<T>(IEnumerable<T> matrix)
        where T : ITuple
    {
        T[] all = [.. matrix];
        if (IsRequested)
        {
            return all;
        }

        List<T> taken = [];
        Dictionary<(int Column, object? Value), int> uses = [];
        while (Best() is [T best])
        {
            taken.Add(best);
            foreach ((int, object?) value in ValuesOf(best))
            {
                uses[value] = Uses(value) + 1;
            }
        }

        return taken;

        IEnumerable<T> Unused() => all.Where(row => ValuesOf(row).Any(value => Uses(value) == 0));
        T[] Best() => [.. Unused().OrderBy(row => ValuesOf(row).Sum(Uses)).Take(1)];
        int Uses((int, object?) value) => uses.GetValueOrDefault(value);
    }

    /// <summary>The pairs of things that this run takes: all, or each with itself and with the next.</summary>
    public static IEnumerable<(T First, T Second)> Pairs<T>(params T[] all) =>
        from one in Enumerable.Range(0, all.Length)
        from other in Enumerable.Range(0, all.Length)
        where IsRequested || one == other || other == (one + 1) % all.Length
        select (all[one], all[other]);

    private static IEnumerable<(int Column, object? Value)> ValuesOf<T>(T row)
        where T : ITuple => Enumerable.Range(0, row.Length).Select(i => (i, row[i]));

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : null;
}
