using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Receives files and folders from one or many hosts over ssh.</summary>
[Cmdlet(VerbsCommunications.Receive, "ItemZeroCopy", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
[OutputType(typeof(RemoteTransferResult))]
public sealed class ReceiveItemZeroCopyCommand : RemoteCommand
{
    private string[] _paths = [];

    /// <summary>The files and folders on each host, which expands wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet), ValidateNotNullOrEmpty, SupportsWildcards]
    [ArgumentCompleter(typeof(RemotePathCompleter))]
    public string[] Path { get => _paths; set => _paths = value; }

    /// <summary>The files and folders on each host, with every character literal.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet), ValidateNotNullOrEmpty, Alias("LP")]
    [ArgumentCompleter(typeof(RemotePathCompleter))]
    public string[] LiteralPath { get => _paths; set => _paths = value; }

    /// <summary>The hosts: host, user@host, host:port or [address]:port. Blank lines and comments are skipped.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true), AllowEmptyString, Alias("ComputerName")]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = [];

    /// <summary>The destination: a file or a folder; for several hosts or paths a folder.</summary>
    [Parameter(Position = 2, ValueFromPipelineByPropertyName = true), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Destination { get; set; } = ".";

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        // With host:path and a destination, as scp(1) takes them, the destination would be the host.
        if (ParameterSetName == PathSet && !MyInvocation.ExpectingInput && !Specifies(nameof(Destination))
            && HostName is [string second] && _paths is [string first] && RemoteUsage.IsRemote(first) && UsageFor(second) is { } usage)
        {
            Report(new TransferException(TransferErrorId.InvalidHostName,
                $"'{first}' names a host, and '{second}' would be another one. Nothing was received.",
                $"Specify the path, the host and the destination: {usage}. A path with a colon is './{first}'.",
                target: second));
            return;
        }

        AddHosts(HostName);
    }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        ReportIfNoHost();
        string[] paths = [.. _paths.Distinct()];
        string items = string.Join(", ", paths);
        ReceiveRequest request = Complete(new ReceiveRequest
        {
            Source = paths[0],
            Others = paths[1..],
            IsWanted = IsWanted,
            ExpandsWildcards = ParameterSetName == PathSet,
            Hosts = ConfirmHosts(host => $"Host: {host} Item: {items} Destination: {host.Destination}", Recurse ? "Receive Item" : "Receive File"),
            Destination = string.Empty,
        });
        if (request.Hosts.Count > 0)
        {
            Run($"Receiving {items}", (monitor, emit) => RemoteCopy.Receive(request, monitor, emit, Plan, MayRemove));
        }
    }

    private protected override string? ViewOf(object result) => base.ViewOf(result) ?? "Splice.RemoteTransferResult#Received";

    private protected override string? UsageFor(string host) => RemoteUsage.Receive(_paths, host, Destination);

    private protected override string? ResolveDestination() =>
        Paths.Single(Destination) is { } path ? path.TrimEnd('/') + (Destination.EndsWith('/') || path == "/" ? "/" : string.Empty) : null;
}
