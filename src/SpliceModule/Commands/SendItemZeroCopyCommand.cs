using System.Management.Automation;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Sends a file or folder to one or many hosts over ssh.</summary>
[Cmdlet(VerbsCommunications.Send, "ItemZeroCopy", SupportsShouldProcess = true)]
[OutputType(typeof(RemoteTransferResult))]
public sealed class SendItemZeroCopyCommand : RemoteCommand
{
    /// <summary>The file or folder to send; every character is literal.</summary>
    [Parameter(Mandatory = true, Position = 0), ValidateNotNullOrEmpty, Alias("LiteralPath", "PSPath", "LP")]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Path { get; set; } = null!;

    /// <summary>Where to, on each host: a file or a folder.</summary>
    [Parameter(Mandatory = true, Position = 2, ValueFromPipelineByPropertyName = true), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RemotePathCompleter))]
    public string Destination { get; set; } = null!;

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        if (Paths.Single(Path) is not string source || ReportIfMissing(source))
        {
            return;
        }

        var request = new SendRequest
        {
            Source = source,
            Hosts = ConfirmHosts(host => $"Item: {source} Host: {host} Destination: {host.Destination}", "Send"),
            Destination = string.Empty,
        };
        Run(request, $"Sending {source}", RemoteCopy.Send);
    }

    private protected override string? ResolveDestination() => Destination;
}
