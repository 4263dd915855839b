using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Sends files and folders to one or many hosts over ssh.</summary>
[Cmdlet(VerbsCommunications.Send, "ItemZeroCopy", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
[OutputType(typeof(RemoteTransferResult))]
public sealed class SendItemZeroCopyCommand : RemoteCommand
{
    private const string InputObjectSet = "InputObject";

    private readonly List<string> _items = [];
    private string[] _paths = [];
    private bool _hasRecord;

    /// <summary>The files and folders to send; wildcards are expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet), ValidateNotNullOrEmpty, SupportsWildcards]
    public string[] Path { get => _paths; set => _paths = value; }

    /// <summary>The files and folders to send, with every character literal.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet), ValidateNotNullOrEmpty, Alias("PSPath", "LP")]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string[] LiteralPath { get => _paths; set => _paths = value; }

    /// <summary>Files and folders as Get-Item and Get-ChildItem emit them.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputObjectSet, ValueFromPipeline = true), ValidateNotNullOrEmpty]
    public FileSystemInfo[] InputObject { get; set; } = [];

    /// <summary>The hosts: host, user@host, host:port or [address]:port. Blank lines and comments are skipped.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = PathSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = LiteralPathSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = InputObjectSet)]
    [AllowEmptyString, Alias("ComputerName")]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = [];

    /// <summary>The destination on each host: a file or a folder; by default the home folder.</summary>
    [Parameter(Position = 2, ValueFromPipelineByPropertyName = true), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RemotePathCompleter))]
    public string Destination { get; set; } = ".";

    /// <summary>Lowest rate in bytes per second of a host for which others wait.</summary>
    [Parameter, ValidateRange(1L, long.MaxValue)]
    public long? MinimumRate { get; set; }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        _items.AddRange(InputObject.Select(item => item.FullName));

        // Records that are items have the hosts of the first one.
        if (!_hasRecord || ParameterSetName != InputObjectSet)
        {
            _hasRecord = true;
            AddHosts(HostName);
        }
    }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        if (!_hasRecord)
        {
            return;
        }

        bool isLiteral = ParameterSetName == LiteralPathSet;
        if (ReportIfSwapped())
        {
            return;
        }

        _items.AddRange(_paths.SelectMany(path => Paths.Sources(path, isLiteral, findsHidden: Force, out _)));
        ReportIfNoHost();
        bool isSeveral = ParameterSetName == InputObjectSet || _paths.Length > 1
            || (!isLiteral && Array.Exists(_paths, WildcardPattern.ContainsWildcardCharacters));
        List<SendRequest> requests = [.. Distinct().Where(source => IsWanted(NameOf(source), Recurse && Directory.Exists(source)) && !ReportIfMissing(source)).Select(source => Request(source)).Where(request => request.Hosts.Count > 0)];
        if (requests.Count == 0)
        {
            return;
        }

        if (isSeveral)
        {
            Run($"Sending {requests.Count} items", (monitor, emit) => RemoteCopy.Send(requests, monitor, emit, Report, Plan, MayRemove));
        }
        else
        {
            Run($"Sending {requests[0].Source}", (monitor, emit) => RemoteCopy.Send(requests[0], monitor, emit, Report, Plan, MayRemove));
        }
    }

    /// <summary>Reports a missing path whose host is an existing file: they were swapped.</summary>
    private bool ReportIfSwapped()
    {
        if (_paths is not [string path] || HostName is not [string file] || RemoteUsage.SendSwapped(path, file, Destination) is not { } usage
            || Paths.Single(path) is not { } source || DestinationPreview.FindMissing(source) is not { } missing
            || !File.Exists(Paths.Single(file)))
        {
            return false;
        }

        Report(Recommending(missing, usage));
        return true;
    }

    private protected override string? UsageFor(string host) => _paths.Length > 0 ? RemoteUsage.Send(_paths, host, Destination) : null;

    private protected override string? ResolveDestination() => Destination;

    private SendRequest Request(string source) => Complete(new SendRequest
    {
        Source = source,
        Hosts = ConfirmHosts(host => $"Item: {source} Host: {host} Destination: {host.Destination}", Recurse && Directory.Exists(source) ? "Send Folder" : "Send File"),
        Destination = string.Empty,
        MinimumRate = MinimumRate,
    });

    private static string NameOf(string source) => System.IO.Path.GetFileName(source.TrimEnd('/'));

    private IEnumerable<string> Distinct()
    {
        foreach (IGrouping<string, string> same in _items.GroupBy(item => item.TrimEnd('/')))
        {
            if (same.Count() > 1)
            {
                WriteWarning($"'{same.First()}' was specified more than once. It is sent once.");
            }

            yield return same.First();
        }
    }
}
