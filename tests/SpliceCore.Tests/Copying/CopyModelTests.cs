using CsCheck;
using Xunit;

namespace Splice.Tests.Copying;

/// <summary>Random small worlds, and random commands that copy in them: nothing is lost, nothing changes outside the destination, and what
/// was copied is as cp(1) makes it. SPLICE_TEST_SEED repeats a run, SPLICE_TEST_ROUNDS sets the number of worlds.</summary>
public sealed class CopyModelTests(ITestOutputHelper output)
{
    private const int ShrinkingSeconds = 5;

    private static readonly int Worlds = FullRun.Rounds(everyday: 100, full: 2000);

    [Fact]
    public void A_command_loses_nothing_and_makes_complete_copies()
    {
        Command.RequireRoot();
        uint seed = (uint)FullRun.Seed(output);
        int copied = 0;
        int refused = 0;
        for (uint i = 0; i < Worlds; i++)
        {
            string state = new PCG(i, seed).ToString();
            World world = RandomWorlds.All.Generate(PCG.Parse(state), null, out _);
            using var run = new WorldRun(world);
            if (run.Run().Count > 0)
            {
                World smallest = Shrunk(world, state);
                Assert.Fail($"World {i}, in its smallest form:\n{smallest}\n\n{string.Join('\n', Faults(smallest))}");
            }

            copied += run.Copied;
            refused += run.Refused;
        }

        output.WriteLine($"{Worlds} worlds, {copied} copies, {refused} errors as expected");
    }

    /// <summary>CsCheck looks for smaller worlds in which something is wrong; then what is not needed for that is left out.</summary>
    private static World Shrunk(World world, string state)
    {
        World smallest = world;
        try
        {
            RandomWorlds.All.Sample(
                other =>
                {
                    if (Faults(other).Count > 0)
                    {
                        smallest = other.Items.Count <= smallest.Items.Count ? other : smallest;
                        return false;
                    }

                    return true;
                },
                seed: state, time: ShrinkingSeconds, threads: 1, print: _ => string.Empty);
        }
        catch (CsCheckException)
        {
            // It says what was found already.
        }

        while (smallest.Smaller().FirstOrDefault(part => Faults(part).Count > 0) is { } smaller)
        {
            smallest = smaller;
        }

        return smallest;
    }

    private static IReadOnlyList<string> Faults(World world)
    {
        using var run = new WorldRun(world);
        return run.Run();
    }
}
