using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;
using Splice.Errors;

namespace Splice.Commands;

/// <summary>Sends a file or folder to one or many hosts over ssh.</summary>
[Cmdlet(VerbsCommunications.Send, "ItemZeroCopy", SupportsShouldProcess = true)]
[OutputType(typeof(RemoteTransferResult))]
public sealed class SendItemZeroCopyCommand : RemoteCommand
{
    /// <summary>The file or folder to send; every character is meant as it stands.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [Alias("LiteralPath", "PSPath", "LP")]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Path { get; set; } = null!;

    /// <summary>Where to, on each host: a file or a folder.</summary>
    [Parameter(Mandatory = true, Position = 2)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RemotePathCompleter))]
    public string Destination { get; set; } = null!;

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        var resolver = new PathResolver(this, findsHidden: false, WriteError);
        if (resolver.Single(Path) is not string source)
        {
            return;
        }

        if (Changes.FindMissing(source) is { } missing)
        {
            WriteError(ErrorRecords.From(missing, this));
            return;
        }

        var request = new SendRequest
        {
            Source = source,
            Hosts = Wanted(host => $"Item: {source} Host: {host} Destination: {Destination}", (Recurse ? "Send Item" : "Send File") + (NoClobber ? string.Empty : ", and Replace What Is There")),
            Destination = Destination,
        };
        if (request.Hosts.Count > 0 && WithOptions(request, resolver) is { } complete)
        {
            Run($"Sending {source}", (monitor, emit) => RemoteCopy.Send(complete, monitor, emit));
        }
    }
}
