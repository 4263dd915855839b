using System.Collections;
using System.Globalization;
using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;
using Splice.Output;

namespace Splice.Commands;

/// <summary>Base class of the cmdlets that transfer files to or from other hosts over ssh: the parameters of connections, of mirrors and
/// of the transfer.</summary>
public abstract class HostCommand : TransferCommand
{
    /// <summary>The parameters that only connections have.</summary>
    private protected static readonly string[] ConnectionParameters =
    [
        nameof(UserName), nameof(Port), nameof(KeyFilePath), nameof(ConfigFile), nameof(Options), nameof(ConnectingTimeout), nameof(IdleTimeout), nameof(Compress),
    ];

    /// <summary>The table of a folder that was compared.</summary>
    private protected const string FolderView = "Splice.RemoteTransferResult#Tree";

    private readonly List<RemoteHost> _hosts = [];
    private readonly Dictionary<string, PlannedFiles> _planned = []; // by host
    private bool _hasBlankHost;
    private bool _hasWarned;
    private RateLimiter? _rate;

    /// <summary>Removes what the source does not have.</summary>
    [Parameter]
    [Alias("Delete", "Mirror", "Purge")]
    public SwitchParameter RemoveExtra { get; set; }

    /// <summary>The most items to remove.</summary>
    [Parameter, ValidateRange(0L, long.MaxValue)]
    public long? MaximumRemoval { get; set; }

    /// <summary>Accepts an empty source.</summary>
    [Parameter]
    public SwitchParameter AllowEmptySource { get; set; }

    /// <summary>Removes items that -Exclude and -Include skip, too.</summary>
    [Parameter]
    public SwitchParameter RemoveExcluded { get; set; }

    /// <summary>Patterns of the items to skip.</summary>
    [Parameter, SupportsWildcards]
    public string[]? Exclude { get; set; }

    /// <summary>Patterns of the only files to transfer.</summary>
    [Parameter, SupportsWildcards]
    public string[]? Include { get; set; }

    /// <summary>The attributes that the destination gets.</summary>
    [Parameter]
    public PreserveAttributes Preserve { get; set; } = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    /// <summary>Compares each new file with its source before it gets its name.</summary>
    [Parameter]
    public SwitchParameter Verify { get; set; }

    /// <summary>Waits until the changes are on the disk at the destination.</summary>
    [Parameter]
    public SwitchParameter Flush { get; set; }

    /// <summary>Replaces read-only files.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Transfers files that change during the transfer, up to their sizes at the start.</summary>
    [Parameter]
    public SwitchParameter AllowChanging { get; set; }

    /// <summary>Limit of the command in bytes per second, of all files and hosts together.</summary>
    [Parameter, ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

    /// <summary>The user for hosts given without one.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? UserName { get; set; }

    /// <summary>The port for hosts given without one.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true), Port]
    public int? Port { get; set; }

    /// <summary>The file of the private key.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true), Alias("IdentityFilePath")]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? KeyFilePath { get; set; }

    /// <summary>The configuration file of ssh.</summary>
    [Parameter, ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? ConfigFile { get; set; }

    /// <summary>Settings of ssh_config(5).</summary>
    [Parameter, ValidateNotNull]
    public Hashtable Options { get; set; } = [];

    /// <summary>Timeout of the connection; a plain number means seconds.</summary>
    [Parameter, Seconds]
    public TimeSpan? ConnectingTimeout { get; set; }

    /// <summary>Time that a host may move no byte; a plain number means seconds.</summary>
    [Parameter, Seconds]
    public TimeSpan? IdleTimeout { get; set; }

    /// <summary>Lets ssh compress.</summary>
    [Parameter]
    public SwitchParameter Compress { get; set; }

    /// <summary>The filter of -Include and -Exclude.</summary>
    private protected NameFilter Filter { get; private set; } = null!;

    private protected IReadOnlyList<RemoteHost> Hosts => RemoteHost.Distinguish(_hosts);

    private protected RateLimiter? Rate => _rate ??= RateLimit is long rate ? new RateLimiter(rate) : null;

    /// <summary>True if a transfer succeeded.</summary>
    private protected bool HasSucceeded { get; set; }

    /// <summary>True if -WhatIf lists what would be done with each file.</summary>
    private protected abstract bool IsPreview { get; }

    /// <inheritdoc />
    protected override void BeginProcessing() => Filter = BindFilter(Include, Exclude);

    /// <summary>Returns the destination of the current record; null after an error.</summary>
    private protected abstract string? ResolveDestination();

    /// <summary>Returns the command line that was probably meant with an invalid host; null if that is not clear.</summary>
    private protected virtual string? UsageFor(string host) => null;

    /// <summary>Adds the hosts of a record.</summary>
    private protected void AddHosts(string[] hosts)
    {
        // A column of a CSV file may be blank.
        string? user = string.IsNullOrWhiteSpace(UserName) ? null : UserName;
        string? key = string.IsNullOrWhiteSpace(KeyFilePath) ? null : Paths.Single(KeyFilePath);
        if ((key is null && !string.IsNullOrWhiteSpace(KeyFilePath)) || ResolveDestination() is not string destination)
        {
            return;
        }

        List<string> names = [.. hosts.Select(WithoutComment)];
        _hasBlankHost |= names.RemoveAll(name => name.Length == 0) > 0;
        foreach (string name in names)
        {
            try
            {
                foreach (string host in RemoteHost.Expand(name))
                {
                    _hosts.Add(RemoteHost.Parse(host, user, Port) with { KeyFilePath = key, Destination = destination });
                }
            }
            catch (TransferException exception)
            {
                Report(UsageFor(name) is { } usage
                    ? Recommending(exception, usage)
                    : exception);
            }
        }
    }

    /// <summary>Reports that only blank hosts were specified.</summary>
    private protected void ReportIfNoHost()
    {
        if (_hosts.Count == 0 && _hasBlankHost)
        {
            Report(new TransferException(TransferErrorId.InvalidHostName,
                "No host is specified: all of -HostName is blank or a comment.", "Specify at least one host."));
        }
    }

    /// <summary>Returns a request with the parameters of this class.</summary>
    /// <param name="hostsAtOnce">The most hosts at once.</param>
    private protected RemoteRequest Complete(RemoteRequest request, int hostsAtOnce)
    {
        string?[] destinations = [.. request.Hosts.Select(host => host.Destination).Distinct()];
        RemoteRequest complete = request with
        {
            Hosts = destinations.Length == 1 ? [.. request.Hosts.Select(host => host with { Destination = null })] : request.Hosts,
            Destination = destinations.FirstOrDefault() ?? string.Empty,
            Ssh = Ssh(),
            ThrottleLimit = hostsAtOnce,
            Verify = Verify,
            Force = Force,
            IsDryRun = IsPreview,
            RemoveExtra = RemoveExtra,
            MaximumRemoval = MaximumRemoval,
            AllowEmptySource = AllowEmptySource,
            RemoveExcluded = RemoveExcluded,
            Filter = Filter.ForTrees,
            Preserve = Preserve,
            RateLimit = Rate,
            IdleTimeout = IdleTimeout,
            AllowChanging = AllowChanging,
            Flush = Flush,
        };
        int atOnce = RemoteCopy.HostsAtOnce(complete);
        if (atOnce < Math.Min(hostsAtOnce, request.Hosts.Count) && !_hasWarned)
        {
            _hasWarned = true;
            WriteWarning($"The limit on open files (ulimit -n) allows {atOnce} of {request.Hosts.Count} hosts at the same time.");
        }

        return complete with { ThrottleLimit = atOnce };
    }

    /// <summary>Runs transfers, emits each outcome, and warns of patterns that matched nothing.</summary>
    private protected void Run(string activity, Action<TransferMonitor, Action<RemoteOutcome>> transfer)
    {
        if (Try(activity, monitor => Run(monitor, transfer)) is not null)
        {
            WriteTotals();
            WarnOfUnmatched();
        }
    }

    /// <summary>Warns of patterns that matched nothing, if a transfer succeeded.</summary>
    private protected void WarnOfUnmatched()
    {
        if (HasSucceeded)
        {
            WarnOfUnmatched(Filter);
        }
    }

    /// <summary>True if ShouldProcess confirms that an item is removed.</summary>
    private protected bool MayRemove(RemoteHost host, TransferResult item) =>
        ShouldProcess(PlannedFiles.TargetOf(item, host.Text), PlannedFiles.ActionOf(item));

    /// <summary>Adds what would be done with an item to the plan of its host.</summary>
    private protected void Plan(RemoteHost host, TransferResult item)
    {
        PlannedFiles planned = PlannedOn(host.Text);
        planned.Bytes += item.BytesMoved;
        planned.Add(item, host.Text);
    }

    private HostCommand Run(TransferMonitor monitor, Action<TransferMonitor, Action<RemoteOutcome>> transfer)
    {
        transfer(monitor, outcome =>
        {
            HasSucceeded |= outcome.Result is not null;
            if (IsPreview && outcome.Result is { } plan)
            {
                PlannedFiles planned = PlannedOn(plan.HostName);
                planned.Add(plan.FileCount, plan.Updated, plan.Unchanged, plan.Skipped);
                planned.Removed += plan.Removed;
            }
            else
            {
                Emit(outcome.Result, outcome.Result?.Warnings, outcome.Error);
            }
        });
        return this;
    }

    private PlannedFiles PlannedOn(string host) => _planned.TryGetValue(host, out PlannedFiles? planned) ? planned : _planned[host] = new PlannedFiles();

    private void WriteTotals()
    {
        foreach ((string host, PlannedFiles planned) in _planned)
        {
            Show(planned, $"Files on {host}: {planned}{(RemoveExtra ? $", {planned.Removed} to remove" : string.Empty)}.");
        }
    }

    private SshOptions Ssh() => new()
    {
        ConfigFile = ConfigFile is null ? null : Paths.Single(ConfigFile),
        Settings = Options.Cast<DictionaryEntry>().ToDictionary(
            entry => LanguagePrimitives.ConvertTo<string>(entry.Key), entry => Setting(entry.Value.Unwrap())),
        ConnectingTimeout = ConnectingTimeout is TimeSpan time ? (int)Math.Clamp(Math.Ceiling(time.TotalSeconds), 1, int.MaxValue) : null,
        Compress = Compress,
    };

    /// <summary>Returns an error that recommends a command line.</summary>
    private protected static TransferException Recommending(TransferException error, string usage) =>
        new(error.Id, error.Problem, $"Specify the path, the host and the destination: {usage}", error.Errno, error.Target);

    private static string WithoutComment(string line) => $" {line}".Replace('\t', ' ').Split(" #")[0].Trim();

    private static string Setting(object? value) =>
        value is bool flag ? (flag ? "yes" : "no") : Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;
}
