using System.Management.Automation;
using System.Management.Automation.Language;

namespace Splice.Output;

/// <summary>Creates all error records: each has an id that scripts can match, a category, and the path or handle as its
/// target.</summary>
internal static class ErrorRecords
{
    /// <summary>The error of a transfer, which recommends only parameters of the cmdlet that reports it.</summary>
    public static ErrorRecord From(TransferException exception, PSCmdlet command)
    {
        TransferException own = exception.For(command.MyInvocation.MyCommand.Parameters.ContainsKey);
        return Create(own, own.Id.ToString(), CategoryOf(own.Id), own.Partial as PipelineResult ?? (object?)own.Target, own.Problem, own.RecommendedAction);
    }

    public static ErrorRecord From(BindingException exception) =>
        Create(exception, exception.Id, exception.Category, exception.Target, exception.Problem, exception.RecommendedAction);

    /// <summary>A line of a command's standard error.</summary>
    public static ErrorRecord FromStandardError(string line) =>
        new(new RemoteException(line), "StandardError", ErrorCategory.FromStdErr, line);

    public static ErrorRecord NoMatch(string pattern) => Create("NoMatch", ErrorCategory.ObjectNotFound, pattern,
        $"No file matches '{pattern}'.", "Check the pattern; use -LiteralPath to take its characters literally.");

    /// <summary>The path is on a drive of another provider.</summary>
    public static ErrorRecord NotFileSystem(string path, string provider) => Create("NotFileSystem", ErrorCategory.InvalidArgument, path,
        $"'{path}' is on the {provider} provider, not in the file system.",
        "Specify a path in the file system, or write the value to a file first.");

    /// <summary>PowerShell cannot resolve the path.</summary>
    public static ErrorRecord InvalidPath(string path, Exception cause) => Create("InvalidPath", ErrorCategory.InvalidArgument, path,
        $"'{path}' is not a path: {cause.Message}", IsOnHost(path, cause)
            ? "Check whether its drive exists (Get-PSDrive). To copy to or from another host, use Send-ItemZeroCopy or Receive-ItemZeroCopy."
            : "Check whether its drive exists (Get-PSDrive), or specify a path of the file system.");

    // As scp(1) and rsync(1) take the paths of other hosts: host:path or user@host:path.
    private static bool IsOnHost(string path, Exception cause)
    {
        int colon = path.IndexOf(':', StringComparison.Ordinal);
        int slash = path.IndexOf('/', StringComparison.Ordinal);
        return cause is System.Management.Automation.DriveNotFoundException && colon > 0 && (slash < 0 || colon < slash);
    }

    private static ErrorRecord Create(string id, ErrorCategory category, object target, string problem, string recommendedAction) =>
        Create(new IOException($"{problem} {recommendedAction}"), id, category, target, problem, recommendedAction);

    // The views of errors show the recommended action on a line of its own.
    private static ErrorRecord Create(
        Exception exception, string id, ErrorCategory category, object? target, string problem, string recommendedAction) =>
        new(exception, id, category, target) { ErrorDetails = new ErrorDetails(problem) { RecommendedAction = recommendedAction } };

    private static ErrorCategory CategoryOf(TransferErrorId id) => id switch
    {
        TransferErrorId.SourceNotFound or TransferErrorId.DestinationFolderNotFound or TransferErrorId.MissingPart => ErrorCategory.ObjectNotFound,
        TransferErrorId.DestinationExists or TransferErrorId.StaleParts => ErrorCategory.ResourceExists,
        TransferErrorId.PermissionDenied => ErrorCategory.PermissionDenied,
        TransferErrorId.SourceIsDirectory or TransferErrorId.SourceNotFolder => ErrorCategory.InvalidType,
        TransferErrorId.DestinationNotReplaceable or TransferErrorId.SameFile or TransferErrorId.CopyIntoItself
            or TransferErrorId.FoldersOverlap or TransferErrorId.EmptySource
            or TransferErrorId.MethodNotPossible or TransferErrorId.SourceBuffered
            => ErrorCategory.InvalidOperation,
        TransferErrorId.InvalidPath or TransferErrorId.NegativeOffset or TransferErrorId.NegativeCount
            or TransferErrorId.OffsetPastEnd or TransferErrorId.CountPastEnd or TransferErrorId.NotSeekable
            or TransferErrorId.EndlessSource or TransferErrorId.BadDescriptor or TransferErrorId.HandleClosed
            or TransferErrorId.SourceNotReadable or TransferErrorId.DestinationNotWritable
            or TransferErrorId.InvalidArgument or TransferErrorId.RangeOfFolder or TransferErrorId.ConflictingOptions
            or TransferErrorId.InvalidNameFormat or TransferErrorId.InvalidHostName or TransferErrorId.NotAPart => ErrorCategory.InvalidArgument,
        TransferErrorId.DiskFull or TransferErrorId.WriteFailed or TransferErrorId.RemoveFailed => ErrorCategory.WriteError,
        TransferErrorId.DestinationBusy or TransferErrorId.MountPoint => ErrorCategory.ResourceBusy,
        TransferErrorId.FileSizeLimit or TransferErrorId.TooManyParts or TransferErrorId.TooManyRemovals => ErrorCategory.LimitsExceeded,
        TransferErrorId.ReaderGone or TransferErrorId.ConnectionFailed => ErrorCategory.ConnectionError,
        TransferErrorId.SourceTruncated or TransferErrorId.SourceChanged or TransferErrorId.FolderChanged
            or TransferErrorId.DestinationChanged or TransferErrorId.VerificationFailed => ErrorCategory.InvalidData,
        TransferErrorId.IdleTimeout or TransferErrorId.HostTooSlow => ErrorCategory.OperationTimeout,
        TransferErrorId.CommandNotStarted => ErrorCategory.OpenError,
        TransferErrorId.CommandFailed => ErrorCategory.FromStdErr,
        TransferErrorId.Cancelled => ErrorCategory.OperationStopped,
        TransferErrorId.ResourceExhausted or TransferErrorId.WouldBlock => ErrorCategory.ResourceUnavailable,
        TransferErrorId.SshNotFound => ErrorCategory.NotInstalled,
        TransferErrorId.RemoteFailed => ErrorCategory.FromStdErr,
        _ => ErrorCategory.ReadError,
    };
}

/// <summary>An argument that the cmdlet cannot use, and that ends it.</summary>
internal sealed class BindingException(string id, ErrorCategory category, string target, string problem, string recommendedAction)
    : Exception($"{problem} {recommendedAction}")
{
    public string Id => id;

    public ErrorCategory Category => category;

    public string Target => target;

    public string Problem => problem;

    public string RecommendedAction => recommendedAction;

    /// <summary>A wildcard that PowerShell cannot parse.</summary>
    public static BindingException InvalidPattern(string pattern, WildcardPatternException cause) => new(
        "InvalidPattern", ErrorCategory.InvalidArgument, pattern,
        $"'{pattern}' is not a valid wildcard: {cause.Message}.",
        "Close its brackets, or put ` before a literal [.");

    /// <summary>A parameter without another one that it needs, or with one that rules it out.</summary>
    public static BindingException ConflictingOptions(string parameter, string problem, string recommendedAction) =>
        new(nameof(TransferErrorId.ConflictingOptions), ErrorCategory.InvalidArgument, parameter, problem, recommendedAction);

    /// <summary>A script block that is not a pipeline of native commands.</summary>
    public static BindingException Syntax(IScriptExtent extent, string reason, string recommendedAction) =>
        new("NotNativePipeline", ErrorCategory.SyntaxError, extent.Text, $"'{extent.Text}': {reason}", recommendedAction);

    public static BindingException NotNative(IScriptExtent extent, string kind, string recommendedAction) =>
        new("NotNativePipeline", ErrorCategory.SyntaxError, extent.Text, $"'{extent.Text}' {kind}; only native commands can use kernel pipes.", recommendedAction);

    public static BindingException CommandNotFound(string name) => new("CommandNotFound", ErrorCategory.ObjectNotFound, name,
        $"The command '{name}' was not found.",
        "Check the name and $env:PATH; a program in $PWD needs ./ before its name.");
}
