using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Receives a file or folder from one or many hosts over ssh.</summary>
[Cmdlet(VerbsCommunications.Receive, "ItemZeroCopy", SupportsShouldProcess = true)]
[OutputType(typeof(RemoteTransferResult))]
public sealed class ReceiveItemZeroCopyCommand : RemoteCommand
{
    /// <summary>The file or folder on each host; every character is meant as it stands.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RemotePathCompleter))]
    public string Path { get; set; } = null!;

    /// <summary>Where to: a file or a folder; for several hosts a folder.</summary>
    [Parameter(Position = 2)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Destination { get; set; } = ".";

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        var resolver = new PathResolver(this, findsHidden: false, WriteError);
        if (resolver.Single(Destination) is not string destination)
        {
            return;
        }

        var request = new ReceiveRequest
        {
            Source = Path,
            Hosts = Wanted(host => $"Host: {host} Item: {Path} Destination: {destination}", (Recurse ? "Receive Item" : "Receive File") + (NoClobber ? string.Empty : ", and Replace What Is There")),
            Destination = destination,
        };
        if (request.Hosts.Count > 0 && WithOptions(request, resolver) is { } complete)
        {
            Run($"Receiving {Path}", (monitor, emit) => RemoteCopy.Receive(complete, monitor, emit));
        }
    }
}
