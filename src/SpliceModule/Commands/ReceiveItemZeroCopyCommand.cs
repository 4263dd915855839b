using System.Management.Automation;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Receives a file or folder from one or many hosts over ssh.</summary>
[Cmdlet(VerbsCommunications.Receive, "ItemZeroCopy", SupportsShouldProcess = true)]
[OutputType(typeof(RemoteTransferResult))]
public sealed class ReceiveItemZeroCopyCommand : RemoteCommand
{
    /// <summary>The file or folder on each host; every character is literal.</summary>
    [Parameter(Mandatory = true, Position = 0), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RemotePathCompleter))]
    public string Path { get; set; } = null!;

    /// <summary>Where to: a file or a folder; for several hosts a folder.</summary>
    [Parameter(Position = 2, ValueFromPipelineByPropertyName = true), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Destination { get; set; } = ".";

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        var request = new ReceiveRequest
        {
            Source = Path,
            Hosts = ConfirmHosts(host => $"Host: {host} Item: {Path} Destination: {host.Destination}", "Receive"),
            Destination = string.Empty,
        };
        Run(request, $"Receiving {Path}", RemoteCopy.Receive);
    }

    private protected override string? ResolveDestination() => Paths.Single(Destination);
}
