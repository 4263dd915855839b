using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Splice.ModuleTests;

/// <summary>A runspace of PowerShell's own engine, with the built module in it. The tests of a class share one.</summary>
public sealed class ModuleShell : IDisposable
{
    private static readonly string Manifest = Path.Combine(AppContext.BaseDirectory, "Splice", "Splice.psd1");
    private static readonly TimeSpan HangGuard = TimeSpan.FromSeconds(30);

    private readonly Runspace _runspace;

    public ModuleShell()
    {
        var state = InitialSessionState.CreateDefault2();
        state.ImportPSModule([Manifest]);
        _runspace = RunspaceFactory.CreateRunspace(state);
        _runspace.Open();
    }

    /// <summary>Sets $PWD.</summary>
    /// <param name="path">A folder, or a place on another drive.</param>
    public void SetLocation(string path) => _runspace.SessionStateProxy.Path.SetLocation(path);

    /// <summary>Runs a script to its end.</summary>
    /// <param name="script">The script; what follows is its $args.</param>
    /// <param name="arguments">The arguments.</param>
    public ShellRun Run(string script, params object?[] arguments)
    {
        using PowerShell shell = Make(script, arguments);
        try
        {
            return new ShellRun(shell.Invoke(), shell.Streams, shell.InvocationStateInfo.State, Failure: null);
        }
        catch (RuntimeException exception)
        {
            return new ShellRun([], shell.Streams, shell.InvocationStateInfo.State, exception.ErrorRecord);
        }
    }

    /// <summary>Copies a file.</summary>
    /// <param name="source">The path.</param>
    /// <param name="destination">The path.</param>
    /// <param name="parameters">All other parameters, by name.</param>
    public ShellRun Copy(string source, string destination, Hashtable? parameters = null) => Run(
        "$more = $args[2]; Copy-ItemZeroCopy -LiteralPath $args[0] -Destination $args[1] @more",
        source, destination, parameters ?? []);

    /// <summary>Splices between two handles.</summary>
    /// <param name="source">A stream, socket, handle or number.</param>
    /// <param name="destination">A stream, socket, handle or number.</param>
    /// <param name="parameters">All other parameters, by name.</param>
    public ShellRun Splice(object? source, object? destination, Hashtable? parameters = null) => Run(
        "$more = $args[2]; Invoke-Splice -Source $args[0] -Destination $args[1] @more",
        source, destination, parameters ?? []);

    /// <summary>Starts a script that does not end by itself, stops it at a given moment, and gives back how it ended.</summary>
    /// <param name="when">The moment.</param>
    /// <param name="script">The script.</param>
    /// <param name="arguments">Its $args.</param>
    public ShellRun Stop(Func<bool> when, string script, params object?[] arguments)
    {
        using PowerShell shell = Make(script, arguments);
        using var input = new PSDataCollection<PSObject>();
        input.Complete();
        using var output = new PSDataCollection<PSObject>();
        shell.BeginInvoke(input, output);
        WaitUntil(when);
        if (!shell.BeginStop(null, null).AsyncWaitHandle.WaitOne(HangGuard))
        {
            throw new TimeoutException("The pipeline does not stop.");
        }

        return new ShellRun([.. output], shell.Streams, shell.InvocationStateInfo.State, Failure: null);
    }

    /// <summary>A command of the runspace, to be given its parameters and to be run.</summary>
    /// <param name="name">The cmdlet.</param>
    public PowerShell NewCommand(string name)
    {
        var command = PowerShell.Create(_runspace);
        command.AddCommand(name);
        return command;
    }

    /// <summary>Waits for what another thread or process does.</summary>
    /// <param name="condition">What to wait for.</param>
    public static void WaitUntil(Func<bool> condition)
    {
        if (!SpinWait.SpinUntil(condition, HangGuard))
        {
            throw new TimeoutException("What the test waits for does not happen.");
        }
    }

    /// <inheritdoc />
    public void Dispose() => _runspace.Dispose();

    private PowerShell Make(string script, object?[] arguments)
    {
        var shell = PowerShell.Create(_runspace);
        shell.AddScript(script);
        foreach (object? argument in arguments)
        {
            shell.AddArgument(argument);
        }

        return shell;
    }
}
