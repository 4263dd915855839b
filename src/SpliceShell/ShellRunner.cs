using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Splice.Shell;

/// <summary>Runs PowerShell code in one runspace, and tells how it ended.</summary>
internal sealed class ShellRunner : IDisposable
{
    private readonly ShellHost _host;
    private readonly Runspace _runspace;
    private readonly CancellationToken _stopping;

    public ShellRunner(CancellationToken stopping)
    {
        _stopping = stopping;
        _host = new ShellHost(stopping);
        _runspace = RunspaceFactory.CreateRunspace(_host, InitialSessionState.CreateDefault2());
        _runspace.ThreadOptions = PSThreadOptions.ReuseThread;
        _runspace.Open();
    }

    /// <summary>Runs the code with the Splice module loaded, and returns the exit code that pwsh would return.</summary>
    public int Run(string code)
    {
        bool succeeded = ImportModule() && TryInvoke(new Command(code, isScript: true));
        _host.ClearProgress();
        return _host.ExitCode ?? (succeeded ? 0 : 1);
    }

    public void Dispose() => _runspace.Dispose();

    private bool ImportModule()
    {
        string manifest = Path.Combine(AppContext.BaseDirectory, "Splice", "Splice.psd1");
        Command import = new("Import-Module");
        import.Parameters.Add("Name", WildcardPattern.Escape(manifest));
        import.Parameters.Add("ErrorAction", ActionPreference.Stop);
        return TryInvoke(import);
    }

    /// <summary>Prints an error that ended the command, and returns whether its last statement succeeded.</summary>
    private bool TryInvoke(Command command)
    {
        try
        {
            Invoke(command);
            return _runspace.SessionStateProxy.GetVariable("?") is true;
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            return false;
        }
        catch (IncompleteParseException exception)
        {
            // It tells no position, and for want of one the engine would print nothing.
            _host.UI.WriteErrorLine(exception.Message);
            return false;
        }
        catch (RuntimeException exception)
        {
            Report(exception.ErrorRecord);
            return false;
        }
    }

    // It is the end of the run. Out-Default does not know that what it is given has been thrown, so the host has to.
    private void Report(ErrorRecord error)
    {
        Command print = new("Out-Default");
        print.Parameters.Add("InputObject", error);
        _host.TurnToError();
        Invoke(print);
    }

    private void Invoke(Command command)
    {
        using PowerShell shell = PowerShell.Create(_runspace);

        // With both streams going to Out-Default a native command writes to the terminal itself.
        command.MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        shell.Commands.AddCommand(command).AddCommand("Out-Default");

        // Outside of the history the engine resets $? at the end.
        PSInvocationSettings settings = new() { AddToHistory = true };
        IAsyncResult running = shell.BeginInvoke<PSObject>(null, settings, null, null);

        // Only what runs already can be stopped.
        using CancellationTokenRegistration stop = _stopping.Register(shell.Stop);
        shell.EndInvoke(running);
    }
}
