using System.Runtime.InteropServices;

namespace Splice.Shell;

/// <summary>A small host of the PowerShell engine, for machines without pwsh.</summary>
internal static class Program
{
    private const int UsageError = 64;

    private static int Main(string[] args)
    {
        ShellArguments arguments = ShellArguments.Parse(args);
        if (arguments.Problem is not null)
        {
            Console.Error.WriteLine(arguments.Problem);
            return UsageError;
        }

        if (arguments.Code is null)
        {
            Console.WriteLine(ShellArguments.HelpText);
            return 0;
        }

        // The engine reports its use to Microsoft unless this is set; nobody who runs this shell asked for that.
        Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");
        return Run(arguments.Code);
    }

    private static int Run(string code)
    {
        using CancellationTokenSource stopping = new();
        int signalled = 0;

        void OnSignal(PosixSignalContext context)
        {
            int exitCode = context.Signal == PosixSignal.SIGINT ? 130 : 143;

            // The first signal stops the pipeline; a second one ends the process, should the first be of no use.
            context.Cancel = Interlocked.CompareExchange(ref signalled, exitCode, 0) == 0;
            _ = stopping.CancelAsync();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using ShellRunner runner = new(stopping.Token);
        int exitCode = runner.Run(code);
        return signalled != 0 ? signalled : exitCode;
    }
}
