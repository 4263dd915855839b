using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Splice.Fuzz;

/// <summary>A runspace in this process with the built module imported.</summary>
public sealed class ModuleShell : IDisposable
{
    private static readonly string Manifest = Path.Combine(AppContext.BaseDirectory, "Splice", "Splice.psd1");

    private readonly Runspace _runspace;

    public ModuleShell()
    {
        var state = InitialSessionState.CreateDefault2();
        state.ImportPSModule([Manifest]);
        _runspace = RunspaceFactory.CreateRunspace(state);
        _runspace.Open();
    }

    /// <summary>Sets $PWD.</summary>
    public void SetLocation(string path) => _runspace.SessionStateProxy.Path.SetLocation(path);

    /// <summary>Runs a script and returns its output.</summary>
    public Collection<PSObject> Run(string script)
    {
        using var shell = PowerShell.Create(_runspace);
        return shell.AddScript(script).Invoke();
    }

    /// <summary>Returns a command that has no parameters yet.</summary>
    /// <param name="name">Name of the cmdlet.</param>
    public PowerShell NewCommand(string name) => PowerShell.Create(_runspace).AddCommand(name);

    /// <inheritdoc />
    public void Dispose() => _runspace.Dispose();
}
