using System.Globalization;
using System.Runtime.InteropServices;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestPipelineStartup(typeof(TestRun))]

namespace Splice.TestKit;

/// <summary>The folders of this run (tests/run-folder.sh), made before its first test and removed after its last, and the signals of
/// its children.</summary>
public sealed partial class TestRun : ITestPipelineStartup
{
    private const string TemporaryFolder = "TMPDIR";

    private static readonly List<PosixSignalRegistration> Handled = [];

    private string? _before;

    public ValueTask StartAsync(IMessageSink diagnosticMessageSink)
    {
        HandleIgnoredSignals();
        _before = Environment.GetEnvironmentVariable(TemporaryFolder);
        string folder = RunFolder("begin", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        Environment.SetEnvironmentVariable(TemporaryFolder, folder);
        return ValueTask.CompletedTask;
    }

    public ValueTask StopAsync()
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetTempPath());
        Environment.SetEnvironmentVariable(TemporaryFolder, _before);
        RunFolder("end", folder);
        return ValueTask.CompletedTask;
    }

    private static string RunFolder(string verb, string operand)
    {
        using var script = new ChildProcess("sh", Path.Combine(AppContext.BaseDirectory, "run-folder.sh"), verb, operand);
        script.CloseInput();
        string text = script.ReadToEnd().Trim();
        return script.WaitForExit() == 0 ? text : throw new InvalidOperationException($"run-folder.sh {verb} {operand}: {script.Errors}");
    }

    /// <summary>What a process ignores, its children ignore: the hang-up after nohup(1), SIGINT and SIGQUIT in the background of a
    /// script. A signal with a handler has its default again in a child, and does nothing here all the same. SIGPIPE is left
    /// alone: the runtime itself ignores it.</summary>
    private static void HandleIgnoredSignals()
    {
        const string Field = "SigIgn:";
        string mask = File.ReadLines("/proc/self/status").First(line => line.StartsWith(Field, StringComparison.Ordinal))[Field.Length..];
        ulong ignored = ulong.Parse(mask.Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        foreach (int signal in new[] { 1, 2, 3, 15 }) // SIGHUP, SIGINT, SIGQUIT, SIGTERM
        {
            if ((ignored & (1UL << (signal - 1))) != 0)
            {
                // .NET puts no handler where a signal is ignored.
                SetAction(signal, 0);
                Handled.Add(PosixSignalRegistration.Create((PosixSignal)signal, context => context.Cancel = true));
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetAction(int signal, nint action); // 0: SIG_DFL
}
