using System.Collections;
using System.Globalization;
using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;
using Splice.Errors;

namespace Splice.Commands;

/// <summary>What the cmdlets have in common that transfer files with other hosts over ssh.</summary>
public abstract class RemoteCommand : TransferCommand
{
    private readonly List<RemoteHost> _hosts = [];

    /// <summary>The hosts: host, user@host, host:port or [address]:port.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = [];

    /// <summary>The user on the hosts that name none.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? UserName { get; set; }

    /// <summary>The port of the hosts that name none.</summary>
    [Parameter]
    [ValidateRange(1, 65535)]
    public int? Port { get; set; }

    /// <summary>The file of the private key.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [Alias("IdentityFilePath")]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? KeyFilePath { get; set; }

    /// <summary>Settings of ssh_config(5).</summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable Options { get; set; } = [];

    /// <summary>How long a connection may take to come about; a plain number means seconds.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan? ConnectingTimeout { get; set; }

    /// <summary>Number of hosts at once.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int ThrottleLimit { get; set; } = 32;

    /// <summary>How long a host may take or give nothing; a plain number means seconds.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan? IdleTimeout { get; set; }

    /// <summary>Compares both sides' SHA-256 before the file or folder gets its name.</summary>
    [Parameter]
    public SwitchParameter Verify { get; set; }

    /// <summary>Keeps what an interruption leaves, and goes on with it.</summary>
    [Parameter]
    public SwitchParameter Resume { get; set; }

    /// <summary>Transfers a folder with all that is in it.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>What is kept besides the bytes.</summary>
    [Parameter]
    public PreserveAttributes Preserve { get; set; } = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    /// <summary>Limit in bytes per second.</summary>
    [Parameter]
    [ValidateRange(1L, long.MaxValue)]
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

    /// <summary>Takes the hosts that came with the record.</summary>
    protected override void ProcessRecord()
    {
        foreach (string name in HostName)
        {
            try
            {
                _hosts.Add(RemoteHost.Parse(name, UserName, Port));
            }
            catch (TransferException exception)
            {
                WriteError(ErrorRecords.From(exception, this));
            }
        }
    }

    /// <summary>The hosts that are none of the errors, and that the user wants something done with.</summary>
    /// <param name="target">Says what would be done with a host.</param>
    /// <param name="action">What it is called.</param>
    private protected IReadOnlyList<RemoteHost> Wanted(Func<RemoteHost, string> target, string action) =>
        [.. _hosts.Where(host => ShouldProcess(target(host), action))];

    /// <summary>The request with the options that both ways have; null after an error.</summary>
    /// <param name="request">The request without them.</param>
    /// <param name="resolver">For the key's path.</param>
    private protected T? WithOptions<T>(T request, PathResolver resolver)
        where T : RemoteRequest =>
        Ssh(resolver) is not SshOptions ssh ? null : (T)((RemoteRequest)request with
        {
            Ssh = ssh,
            ThrottleLimit = ThrottleLimit,
            Verify = Verify,
            Resume = Resume,
            NoClobber = NoClobber,
            Force = Force,
            Recurse = Recurse,
            Preserve = Preserve,
            RateLimit = RateLimit is long rate ? new RateLimiter(rate) : null,
            IdleTimeout = IdleTimeout,
        });

    /// <summary>Runs the transfers, and writes what becomes of each host.</summary>
    /// <param name="activity">What the progress bar calls it.</param>
    /// <param name="transfer">The transfers.</param>
    private protected void Run(string activity, Action<TransferMonitor, Action<RemoteOutcome>> transfer) =>
        Try(activity, monitor =>
        {
            transfer(monitor, Emit);
            return this;
        });

    /// <summary>How ssh connects; null after an error.</summary>
    /// <param name="resolver">For the key's path.</param>
    private SshOptions? Ssh(PathResolver resolver)
    {
        string? key = KeyFilePath is null ? null : resolver.Single(KeyFilePath);
        return key is null && KeyFilePath is not null ? null : new SshOptions
        {
            KeyFilePath = key,
            Settings = Options.Cast<DictionaryEntry>().ToDictionary(
                entry => LanguagePrimitives.ConvertTo<string>(entry.Key), entry => Setting(entry.Value)),
            ConnectingTimeout = ConnectingTimeout is TimeSpan time ? (int)Math.Clamp(Math.Ceiling(time.TotalSeconds), 1, int.MaxValue) : null,
            Compress = Compress,
        };
    }

    private static string Setting(object? value) => value switch
    {
        PSObject wrapped => Setting(wrapped.BaseObject),
        bool flag => flag ? "yes" : "no",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty,
    };

    private void Emit(RemoteOutcome outcome)
    {
        if (Stopping)
        {
            throw new PipelineStoppedException();
        }

        if (outcome.Error is not null)
        {
            WriteError(ErrorRecords.From(outcome.Error, this));
            return;
        }

        foreach (string warning in outcome.Result!.Warnings)
        {
            WriteWarning(warning);
        }

        WriteObject(outcome.Result);
    }
}
