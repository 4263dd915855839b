using System.Collections;
using System.Globalization;
using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Base class of the cmdlets that transfer files to or from other hosts over ssh.</summary>
public abstract class RemoteCommand : TransferCommand
{
    private protected const string PathSet = "Path";
    private protected const string LiteralPathSet = "LiteralPath";

    private readonly List<RemoteHost> _hosts = [];
    private readonly Dictionary<string, long> _planned = []; // bytes to transfer, by host
    private bool _hasBlankHost;
    private bool _hasWarned;
    private RateLimiter? _rate;
    private NameFilter _filter = null!;
    private bool _hasSucceeded;

    /// <summary>Existing files that are replaced: all, or only those that are not up to date.</summary>
    [Parameter]
    public UpdateMode Update { get; set; }

    /// <summary>Patterns of the items to skip.</summary>
    [Parameter, SupportsWildcards]
    public string[]? Exclude { get; set; }

    /// <summary>Patterns of the only files to transfer.</summary>
    [Parameter, SupportsWildcards]
    public string[]? Include { get; set; }

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

    /// <summary>Number of hosts at once.</summary>
    [Parameter, ValidateRange(1, int.MaxValue)]
    public int ThrottleLimit { get; set; } = 32;

    /// <summary>Time that a host may move no byte; a plain number means seconds.</summary>
    [Parameter, Seconds]
    public TimeSpan? IdleTimeout { get; set; }

    /// <summary>Compares the SHA-256 of source and destination before the file or folder gets its name.</summary>
    [Parameter]
    public SwitchParameter Verify { get; set; }

    /// <summary>Resumes an interrupted transfer, and keeps partial files.</summary>
    [Parameter]
    public SwitchParameter Resume { get; set; }

    /// <summary>Transfers a folder with its content.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>The attributes that are kept.</summary>
    [Parameter]
    public PreserveAttributes Preserve { get; set; } = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    /// <summary>Transfers a file that changes with the size that it has at the start.</summary>
    [Parameter]
    public SwitchParameter AllowChanging { get; set; }

    /// <summary>Waits until the content and the name are on the disk at the destination.</summary>
    [Parameter]
    public SwitchParameter Flush { get; set; }

    /// <summary>Limit of the command in bytes per second, of all hosts together.</summary>
    [Parameter, ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

    /// <summary>Lets ssh compress.</summary>
    [Parameter]
    public SwitchParameter Compress { get; set; }

    /// <summary>An existing file is an error.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Replaces a read-only file.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc />
    protected override void BeginProcessing()
    {
        _filter = BindFilter(Include, Exclude);
        ThrowIfAlone(nameof(RemoveExtra), nameof(Recurse));
        ThrowIfAlone(nameof(RemoveExtra), nameof(Update), $" {UpdateMode.Changed}");
        ThrowIfAlone(nameof(RemoveExcluded), nameof(RemoveExtra));
        ThrowIfAlone(nameof(MaximumRemoval), nameof(RemoveExtra));
        ThrowIfAlone(nameof(AllowEmptySource), nameof(RemoveExtra));
        if (RemoveExtra && Update == UpdateMode.Always)
        {
            Refuse(nameof(RemoveExtra), "-RemoveExtra compares the folders, and -Update Always does not.", $"Use -Update {UpdateMode.Changed}.");
        }
    }

    /// <summary>True if -Include and -Exclude select a path.</summary>
    /// <param name="isFolder">True if it is a folder that is transferred with its content.</param>
    private protected bool IsWanted(string name, bool isFolder) => _filter.IsWanted(name, isFolder, isFound: false);

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
                Report(exception);
            }
        }
    }

    /// <summary>Returns the destination of the current record; null after an error.</summary>
    private protected abstract string? ResolveDestination();

    /// <summary>Reports that only blank hosts were specified.</summary>
    private protected void ReportIfNoHost()
    {
        if (_hosts.Count == 0 && _hasBlankHost)
        {
            Report(new TransferException(TransferErrorId.InvalidHostName,
                "No host is specified: all of -HostName is blank or a comment.", "Specify at least one host."));
        }
    }

    /// <summary>True if -WhatIf lists what would be done with each file.</summary>
    private protected bool IsPreview => Messages.IsWhatIf && Update != UpdateMode.Always;

    /// <summary>Returns the valid hosts that ShouldProcess confirms; all of them for a preview.</summary>
    private protected IReadOnlyList<RemoteHost> ConfirmHosts(Func<RemoteHost, string> target, string verb)
    {
        string action = $"{verb} {(Recurse ? "Item" : "File")}{(NoClobber ? string.Empty : ", and Replace Existing")}";
        return [.. _hosts.Where(host => ShouldProcess(target(host), action) || IsPreview)];
    }

    /// <summary>Returns a request with the parameters of this class.</summary>
    private protected T Complete<T>(T request)
        where T : RemoteRequest
    {
        string?[] destinations = [.. request.Hosts.Select(host => host.Destination).Distinct()];
        var complete = (T)((RemoteRequest)request with
        {
            Hosts = destinations.Length == 1 ? [.. request.Hosts.Select(host => host with { Destination = null })] : request.Hosts,
            Destination = destinations.FirstOrDefault() ?? string.Empty,
            Ssh = Ssh(),
            ThrottleLimit = ThrottleLimit,
            Verify = Verify,
            Resume = Resume,
            NoClobber = NoClobber,
            Force = Force,
            Recurse = Recurse,
            Update = Update,
            IsDryRun = IsPreview,
            RemoveExtra = RemoveExtra,
            MaximumRemoval = MaximumRemoval,
            AllowEmptySource = AllowEmptySource,
            RemoveExcluded = RemoveExcluded,
            Filter = _filter.ForTrees,
            IncludesAll = name => _filter.IsIncluded(name, isFolder: true),
            Preserve = Preserve,
            RateLimit = _rate ??= RateLimit is long rate ? new RateLimiter(rate) : null,
            IdleTimeout = IdleTimeout,
            AllowChanging = AllowChanging,
            Flush = Flush,
        });
        int atOnce = RemoteCopy.HostsAtOnce(complete);
        if (atOnce < Math.Min(ThrottleLimit, request.Hosts.Count) && !_hasWarned)
        {
            _hasWarned = true;
            WriteWarning($"The limit on open files (ulimit -n) allows {atOnce} of {request.Hosts.Count} hosts at the same time.");
        }

        return (T)((RemoteRequest)complete with { ThrottleLimit = atOnce });
    }

    /// <summary>Runs transfers, emits each outcome, and warns of patterns that matched nothing.</summary>
    private protected void Run(string activity, Action<TransferMonitor, Action<RemoteOutcome>> transfer)
    {
        if (Try(activity, monitor => Run(monitor, transfer)) is not null && _hasSucceeded)
        {
            WarnOfUnmatched(_filter);
        }
    }

    private RemoteCommand Run(TransferMonitor monitor, Action<TransferMonitor, Action<RemoteOutcome>> transfer)
    {
        transfer(monitor, outcome =>
        {
            _hasSucceeded |= outcome.Result is not null;
            if (IsPreview && outcome.Result is { } plan)
            {
                // A single file has its own line.
                if (plan.DirectoryCount > 0)
                {
                    WritePreview(plan);
                }
            }
            else
            {
                Emit(outcome.Result, outcome.Result?.Warnings, outcome.Error);
            }
        });
        return this;
    }

    /// <summary>True if ShouldProcess confirms that an item is removed.</summary>
    private protected bool MayRemove(RemoteHost host, TransferResult item) => ShouldProcess(TargetOf(host, item), RemovalOf(item));

    private static string TargetOf(RemoteHost host, TransferResult item) => $"Item: {item.Source} Host: {host} Destination: {item.Destination}";

    /// <summary>Shows what would be done with a file.</summary>
    private protected void Describe(RemoteHost host, TransferResult item, string copies)
    {
        _planned[host.Text] = _planned.GetValueOrDefault(host.Text) + item.BytesMoved;
        ShouldProcess(TargetOf(host, item), PlannedAction(item, copies));
    }

    private void WritePreview(RemoteTransferResult plan)
    {
        string totals = $"Files on {plan.HostName}: {plan.FileCount - plan.Updated - plan.Unchanged} to copy, {plan.Updated} to update "
            + $"({ByteSize.Format(_planned.GetValueOrDefault(plan.HostName))} in all), {plan.Unchanged} unchanged, {plan.Skipped} skipped{(RemoveExtra ? $", {plan.Removed} to remove" : string.Empty)}.";
        ShouldProcess(totals, totals, string.Empty);
    }

    private SshOptions Ssh() => new()
    {
        ConfigFile = ConfigFile is null ? null : Paths.Single(ConfigFile),
        Settings = Options.Cast<DictionaryEntry>().ToDictionary(
            entry => LanguagePrimitives.ConvertTo<string>(entry.Key), entry => Setting(entry.Value.Unwrap())),
        ConnectingTimeout = ConnectingTimeout is TimeSpan time ? (int)Math.Clamp(Math.Ceiling(time.TotalSeconds), 1, int.MaxValue) : null,
        Compress = Compress,
    };

    private static string WithoutComment(string line) => $" {line}".Replace('\t', ' ').Split(" #")[0].Trim();

    private static string Setting(object? value) =>
        value is bool flag ? (flag ? "yes" : "no") : Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;
}
