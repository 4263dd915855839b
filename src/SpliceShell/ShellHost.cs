using System.Globalization;
using System.Management.Automation.Host;

namespace Splice.Shell;

/// <summary>What the engine sees of this process.</summary>
internal sealed class ShellHost(CancellationToken stopping) : PSHost
{
    private readonly ShellUserInterface _ui = new(new ShellInput(stopping));

    public override string Name => "SpliceShell";

    public override Version Version { get; } = typeof(ShellHost).Assembly.GetName().Version ?? new Version();

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override PSHostUserInterface UI => _ui;

    public override CultureInfo CurrentCulture { get; } = CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture { get; } = CultureInfo.CurrentUICulture;

    /// <summary>The number that the code gave to "exit", if it did.</summary>
    public int? ExitCode { get; private set; }

    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;

    /// <summary>Takes the progress line off the terminal.</summary>
    public void ClearProgress() => _ui.ClearProgress();

    /// <summary>Prints everything to standard error from now on.</summary>
    public void TurnToError() => _ui.TurnToError();

    // Comes from the answer "Suspend"; the engine then asks its question again.
    public override void EnterNestedPrompt() => _ui.WriteErrorLine("This shell has no prompt to suspend to.");

    public override void ExitNestedPrompt()
    {
    }

    public override void NotifyBeginApplication() => ClearProgress();

    public override void NotifyEndApplication()
    {
    }
}
