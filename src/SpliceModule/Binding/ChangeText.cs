using System.Management.Automation;

namespace Splice.Binding;

/// <summary>What -WhatIf, -Confirm and -Verbose say of a change: what would be replaced. To look costs system calls, which only
/// those who see the text pay.</summary>
internal sealed class ChangeText(PSCmdlet command)
{
    private static readonly string[] Switches = ["WhatIf", "Confirm", "Verbose"];

    private bool? _isShown;

    private bool IsShown => _isShown ??= Switches.Any(command.MyInvocation.BoundParameters.ContainsKey)
        || LanguagePrimitives.IsTrue(command.GetVariableValue("WhatIfPreference"))
        || !Equals(command.GetVariableValue("ConfirmPreference"), ConfirmImpact.High)
        || !Equals(command.GetVariableValue("VerbosePreference"), ActionPreference.SilentlyContinue);

    /// <summary>The error of a source that is missing, where somebody would read what is done with it; null otherwise.</summary>
    /// <param name="source">Its path.</param>
    /// <param name="followLink">Whether what a link leads to is copied, and not the link.</param>
    /// <param name="always">Whether to look in any case.</param>
    public TransferException? FindMissing(string source, bool followLink = true, bool always = false) =>
        IsShown || always ? DestinationForecast.FindMissing(source, followLink) : null;

    /// <summary>What would be done, and where.</summary>
    /// <param name="source">What is copied; a name where it is no path.</param>
    /// <param name="destination">Where to, as the user gave it.</param>
    /// <param name="action">What it is called where nothing is there.</param>
    /// <param name="onFile">What it is called where a file is there.</param>
    public (string Destination, string Action) Of(string source, string destination, string action, string onFile)
    {
        if (!IsShown)
        {
            return (destination, action);
        }

        DestinationForecast forecast = DestinationForecast.Of(source, destination);
        return (forecast.Path, forecast.Kind switch
        {
            ForecastKind.File => onFile,
            ForecastKind.Folder => "Merge into Folder",
            ForecastKind.Special => "Write to Device or Pipe",
            _ => action,
        });
    }
}
