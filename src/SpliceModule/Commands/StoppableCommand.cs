using System.Management.Automation;

namespace Splice.Commands;

/// <summary>A cmdlet whose work can be stopped at any time.</summary>
public abstract class StoppableCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();

    private Progress.JournalWriter? _journals;

    /// <summary>Tells what the engine decided and called.</summary>
    private protected Progress.JournalWriter Journals => _journals ??= new Progress.JournalWriter(this);

    private Binding.ChangeText? _changes;

    /// <summary>Says what would be replaced.</summary>
    private protected Binding.ChangeText Changes => _changes ??= new Binding.ChangeText(this);

    /// <summary>Cancelled when the pipeline is stopped.</summary>
    private protected CancellationToken Cancellation => _cancellation.Token;

    /// <summary>What becomes of errors; null where the user's setting is none.</summary>
    private protected ActionPreference? ErrorAction =>
        LanguagePrimitives.TryConvertTo(
            MyInvocation.BoundParameters.TryGetValue("ErrorAction", out object? bound) ? bound : GetVariableValue("ErrorActionPreference"),
            out ActionPreference action) ? action : null;

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the cmdlet holds.</summary>
    /// <param name="disposing">False when called by a finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _cancellation.Dispose();
        }
    }

    /// <summary>Only signals: PowerShell calls it on another thread.</summary>
    protected override void StopProcessing()
    {
        try
        {
            _cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The command ended at the same moment.
        }
    }
}
