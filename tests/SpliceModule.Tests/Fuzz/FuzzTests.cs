using System.Globalization;
using System.Management.Automation;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests.Fuzz;

/// <summary>Random parameters against every cmdlet. SPLICE_TEST_SEED repeats a run, SPLICE_TEST_ROUNDS makes a longer one, and
/// SPLICE_TEST_CALL begins with that call:
/// <c>SPLICE_TEST_ROUNDS=100000 dotnet test -c Release --project tests/SpliceModule.Tests --filter-class "*FuzzTests" --output Detailed</c></summary>
[Collection(SerialCollection.Name)]
public sealed class FuzzTests(ModuleShell shell, ITestOutputHelper output) : IClassFixture<ModuleShell>, IDisposable
{
    // None of the calls waits for so long by design.
    private static readonly TimeSpan HangGuard = TimeSpan.FromSeconds(20);

    // So many are told at once.
    private const int MostFaults = 10;

    private static readonly int Rounds = Setting("SPLICE_TEST_ROUNDS") ?? 2000;

    private readonly FuzzSandbox _sandbox = new(shell);
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    [Fact]
    public void Every_call_ends_with_results_or_with_errors_of_ours_and_leaves_nothing()
    {
        int seed = Setting("SPLICE_TEST_SEED") ?? Random.Shared.Next();
        int first = Setting("SPLICE_TEST_CALL") ?? 0;
        output.WriteLine($"SPLICE_TEST_SEED={seed}");
        CmdletInfo[] cmdlets = [.. shell.Run("Get-Command -Module Splice").Output.Select(item => (CmdletInfo)item.BaseObject)];
        HashSet<string> ids = [.. shell.Run("[enum]::GetNames([Splice.TransferErrorId])").Output.Select(name => $"{name}")];
        List<string> faults = [];
        HashSet<string> kinds = [];
        _sandbox.Open();
        var leaks = new LeakCheck(_sandbox.Folder);
        for (int number = first; IsWanted(number - first, cmdlets); number++)
        {
            // Of its own seed: it can be repeated alone.
            var random = new Random(unchecked((seed * 486_187_739) + number));
            _sandbox.Fill();
            FuzzCall call = FuzzCall.Make(random, new FuzzValues(random, _sandbox), cmdlets);
            string? fault = Run(call, ids);
            _sandbox.Empty();
            fault ??= leaks.Look();
            if (fault is not null && kinds.Add(fault.Split('\n')[0]))
            {
                faults.Add($"SPLICE_TEST_SEED={seed} SPLICE_TEST_CALL={number}: {call}\n{fault}");
                Assert.True(faults.Count < MostFaults, string.Join("\n\n", faults));
            }
        }

        Assert.True(faults.Count == 0, string.Join("\n\n", faults));
        output.WriteLine($"{Rounds} calls, none with an unexpected outcome:");
        foreach ((string what, int count) in _counts)
        {
            output.WriteLine($"{count,8} {what}");
        }

        if (Rounds > 1000)
        {
            // Each of them did its work, and refused to.
            Assert.All(cmdlets, cmdlet => Assert.True(HasBothOutcomes(cmdlet), cmdlet.Name));
        }
    }

    public void Dispose() => _sandbox.Dispose();

    /// <summary>Some are refused once in a hundred times: calls go on until each cmdlet has seen both outcomes, up to ten times
    /// as many.</summary>
    private bool IsWanted(int made, CmdletInfo[] cmdlets) =>
        made < Rounds || (Rounds > 1000 && made < 10 * Rounds && !Array.TrueForAll(cmdlets, HasBothOutcomes));

    private bool HasBothOutcomes(CmdletInfo cmdlet) =>
        _counts.ContainsKey($"{cmdlet.Name} succeeded") && _counts.ContainsKey($"{cmdlet.Name} failed");

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : null;

    private string? Run(FuzzCall call, HashSet<string> ids)
    {
        shell.SetLocation(_sandbox.Folder);
        using PowerShell command = shell.NewCommand(call.Cmdlet.Name);
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
