using System.Globalization;
using System.Management.Automation;
using Xunit;

namespace Splice.Fuzz;

/// <summary>Calls every cmdlet with random parameters. SPLICE_TEST_SEED repeats a run, SPLICE_TEST_ROUNDS sets the number of
/// calls, SPLICE_TEST_CALL the number of the first one, and SPLICE_TEST_FULL=1 makes four times as many:
/// <c>SPLICE_TEST_ROUNDS=100000 dotnet test -c Release --project tests/Fuzz --output Detailed</c></summary>
public sealed class FuzzTests : IDisposable
{
    // No call waits for so long by design.
    private static readonly TimeSpan HangGuard = TimeSpan.FromSeconds(20);

    private const int MaxFaults = 10;
    private const int EverydayRounds = 2000;

    // A run of so many calls has to see each cmdlet succeed and fail.
    private const int MinRoundsForBothOutcomes = 1000;

    private static readonly int Rounds = Setting("SPLICE_TEST_ROUNDS") ?? (Setting("SPLICE_TEST_FULL") == 1 ? 4 * EverydayRounds : EverydayRounds);

    private readonly ITestOutputHelper _output;
    private readonly ModuleShell _shell = new();
    private readonly FuzzSandbox _sandbox;
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    public FuzzTests(ITestOutputHelper output)
    {
        _output = output;
        _sandbox = new FuzzSandbox(_shell);
    }

    [Fact]
    public void Every_call_ends_with_results_or_with_errors_of_ours_and_leaves_nothing()
    {
        int seed = Setting("SPLICE_TEST_SEED") ?? Random.Shared.Next();
        int first = Setting("SPLICE_TEST_CALL") ?? 0;
        _output.WriteLine($"SPLICE_TEST_SEED={seed}");
        CmdletInfo[] cmdlets = [.. _shell.Run("Get-Command -Module Splice").Select(item => (CmdletInfo)item.BaseObject)];
        HashSet<string> ids = [.. _shell.Run("[enum]::GetNames([Splice.TransferErrorId])").Select(name => $"{name}")];
        List<string> faults = [];
        HashSet<string> kinds = [];
        _sandbox.Open();
        var leaks = new LeakCheck(_sandbox.Folder);
        int number = first;
        for (; IsWanted(number - first, cmdlets); number++)
        {
            // Each call has a seed of its own, so that it can be repeated alone.
            var random = new Random(unchecked((seed * 486_187_739) + number));
            _sandbox.Fill();
            FuzzCall call = FuzzCall.Make(random, new FuzzValues(random, _sandbox), cmdlets);
            string? fault = Run(call, ids);
            _sandbox.Empty();
            fault ??= leaks.Look();
            if (fault is not null && kinds.Add(fault.Split('\n')[0]))
            {
                faults.Add($"SPLICE_TEST_SEED={seed} SPLICE_TEST_CALL={number}: {call}\n{fault}");
                Assert.True(faults.Count < MaxFaults, string.Join("\n\n", faults));
            }
        }

        Assert.True(faults.Count == 0, string.Join("\n\n", faults));
        _output.WriteLine($"Calls without an unexpected outcome: {number - first}");
        foreach ((string what, int count) in _counts)
        {
            _output.WriteLine($"{count,8} {what}");
        }

        if (Rounds > MinRoundsForBothOutcomes)
        {
            Assert.All(cmdlets, cmdlet => Assert.True(HasBothOutcomes(cmdlet), cmdlet.Name));
        }
    }

    public void Dispose()
    {
        _sandbox.Dispose();
        _shell.Dispose();
    }

    /// <summary>Some cmdlets fail once in a hundred calls: the calls continue until each cmdlet has both succeeded and failed,
    /// up to ten times as many.</summary>
    private bool IsWanted(int made, CmdletInfo[] cmdlets) =>
        made < Rounds || (Rounds > MinRoundsForBothOutcomes && made < 10 * Rounds && !Array.TrueForAll(cmdlets, HasBothOutcomes));

    private bool HasBothOutcomes(CmdletInfo cmdlet) =>
        _counts.ContainsKey($"{cmdlet.Name} succeeded") && _counts.ContainsKey($"{cmdlet.Name} failed");

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : null;

    private string? Run(FuzzCall call, HashSet<string> ids)
    {
        _shell.SetLocation(_sandbox.Folder);
        using PowerShell command = _shell.NewCommand(call.Cmdlet.Name);
        command.AddParameters(call.Parameters);
        using var input = new PSDataCollection<object?>(call.Input ?? []);
        input.Complete();
        using var results = new PSDataCollection<PSObject>();
        IAsyncResult running = command.BeginInvoke(call.Input is null ? null : input, results);
        if (!running.AsyncWaitHandle.WaitOne(HangGuard))
        {
            bool stops = command.BeginStop(null, null).AsyncWaitHandle.WaitOne(HangGuard);
            return $"does not end, and {(stops ? "could be stopped" : "cannot be stopped")}";
        }

        RuntimeException? failure = null;
        try
        {
            command.EndInvoke(running);
        }
        catch (RuntimeException exception)
        {
            failure = exception;
        }

        ErrorRecord[] errors = [.. command.Streams.Error];
        Count(call, failure is null ? errors : [.. errors, failure.ErrorRecord]);
        string[] litter = [.. _sandbox.Litter(keepsPartial: call.Parameters.ContainsKey("Resume"))];
        return FuzzOutcome.Fault(call, results, errors, failure, ids)
            ?? (litter.Length > 0 ? $"left {string.Join(", ", litter)}" : null);
    }

    private void Count(FuzzCall call, ErrorRecord[] errors)
    {
        Add(errors.Length == 0 ? $"{call.Cmdlet.Name} succeeded" : $"{call.Cmdlet.Name} failed");
        foreach (string id in errors.Select(FuzzOutcome.IdOf).Distinct())
        {
            Add(id);
        }

        void Add(string what) => _counts[what] = _counts.GetValueOrDefault(what) + 1;
    }
}
