using System.Management.Automation;
using System.Management.Automation.Language;

namespace Splice.Errors;

/// <summary>The one place where error records are made: each with an id that scripts can match, a category, and the
/// path or handle that it is about.</summary>
internal static class ErrorRecords
{
    /// <summary>A transfer failed.</summary>
    /// <param name="exception">What failed.</param>
    /// <param name="command">The cmdlet that reports it, which is recommended none but its own parameters.</param>
    public static ErrorRecord From(TransferException exception, PSCmdlet command)
    {
        TransferException own = exception.For(command.MyInvocation.MyCommand.Parameters.ContainsKey);
        return Make(own, own.Id.ToString(), CategoryOf(own.Id), own.Partial as PipelineResult ?? (object?)own.Target, own.Problem, own.RecommendedAction);
    }

    /// <summary>A script block is no pipeline of native commands.</summary>
    public static ErrorRecord From(NativePipelineException exception) =>
        Make(exception, exception.Id, exception.Category, exception.Target, exception.Problem, exception.RecommendedAction);

    /// <summary>A pattern for names is none.</summary>
    public static ErrorRecord From(InvalidPatternException exception) =>
        Make(exception, "InvalidPattern", ErrorCategory.InvalidArgument, exception.Pattern,
            exception.Problem, InvalidPatternException.Cure);

    /// <summary>A line that a command wrote to its standard error.</summary>
    public static ErrorRecord FromStandardError(string line) =>
        new(new RemoteException(line), "StandardError", ErrorCategory.FromStdErr, line);

    /// <summary>A wildcard matched nothing.</summary>
    public static ErrorRecord NoMatch(string pattern) => Make("NoMatch", ErrorCategory.ObjectNotFound, pattern,
        $"No file matches '{pattern}'.", "Check the pattern; use -LiteralPath if its characters are meant literally.");

    /// <summary>The path is on a drive of another provider.</summary>
    public static ErrorRecord NotFileSystem(string path, string provider) => Make("NotFileSystem", ErrorCategory.InvalidArgument, path,
        $"'{path}' is on the {provider} provider, not in the file system. Only files can be copied in the kernel.",
        "Give the path of a file, or put the value into one first.");

    /// <summary>PowerShell could not make a path of what was given.</summary>
    public static ErrorRecord InvalidPath(string path, Exception cause) => Make("InvalidPath", ErrorCategory.InvalidArgument, path,
        $"'{path}' is not a path: {cause.Message}", IsOnHost(path, cause)
            ? "See whether its drive exists (Get-PSDrive). To copy to or from another host, use Send-ItemZeroCopy or Receive-ItemZeroCopy."
            : "See whether its drive exists (Get-PSDrive), or give a path of the file system.");

    /// <summary>True if a path is written as scp(1) and rsync(1) take those of other hosts: host:path or user@host:path.</summary>
    private static bool IsOnHost(string path, Exception cause)
    {
        int colon = path.IndexOf(':', StringComparison.Ordinal);
        return cause is System.Management.Automation.DriveNotFoundException && colon > 0 && path.IndexOf('/', StringComparison.Ordinal) is var slash && (slash < 0 || colon < slash);
    }

    private static ErrorRecord Make(string id, ErrorCategory category, object target, string problem, string cure) =>
        Make(new IOException($"{problem} {cure}"), id, category, target, problem, cure);

    /// <summary>The views of errors show the cure apart, as the recommendation.</summary>
    private static ErrorRecord Make(Exception exception, string id, ErrorCategory category, object? target, string problem, string cure) =>
        new(exception, id, category, target) { ErrorDetails = new ErrorDetails(problem) { RecommendedAction = cure } };

    private static ErrorCategory CategoryOf(TransferErrorId id) => id switch
    {
        TransferErrorId.SourceNotFound or TransferErrorId.DestinationFolderNotFound => ErrorCategory.ObjectNotFound,
        TransferErrorId.DestinationExists or TransferErrorId.StaleParts => ErrorCategory.ResourceExists,
        TransferErrorId.PermissionDenied => ErrorCategory.PermissionDenied,
        TransferErrorId.SourceIsDirectory => ErrorCategory.InvalidType,
        TransferErrorId.DestinationNotReplaceable or TransferErrorId.SameFile or TransferErrorId.CopyIntoItself
            or TransferErrorId.MethodNotPossible or TransferErrorId.SourceBuffered
            => ErrorCategory.InvalidOperation,
        TransferErrorId.InvalidPath or TransferErrorId.NegativeOffset or TransferErrorId.NegativeCount
            or TransferErrorId.OffsetPastEnd or TransferErrorId.CountPastEnd or TransferErrorId.NotSeekable
            or TransferErrorId.EndlessSource or TransferErrorId.BadDescriptor or TransferErrorId.HandleClosed
            or TransferErrorId.SourceNotReadable or TransferErrorId.DestinationNotWritable
            or TransferErrorId.InvalidArgument or TransferErrorId.RangeOfFolder or TransferErrorId.ConflictingOptions
            or TransferErrorId.InvalidNameFormat or TransferErrorId.InvalidHostName => ErrorCategory.InvalidArgument,
        TransferErrorId.DiskFull or TransferErrorId.WriteFailed => ErrorCategory.WriteError,
        TransferErrorId.DestinationBusy => ErrorCategory.ResourceBusy,
        TransferErrorId.FileSizeLimit or TransferErrorId.TooManyParts => ErrorCategory.LimitsExceeded,
        TransferErrorId.ReaderGone or TransferErrorId.ConnectionFailed => ErrorCategory.ConnectionError,
        TransferErrorId.SourceTruncated or TransferErrorId.SourceChanged or TransferErrorId.FolderChanged
            or TransferErrorId.DestinationChanged or TransferErrorId.VerificationFailed => ErrorCategory.InvalidData,
        TransferErrorId.IdleTimeout => ErrorCategory.OperationTimeout,
        TransferErrorId.CommandNotStarted => ErrorCategory.OpenError,
        TransferErrorId.CommandFailed => ErrorCategory.FromStdErr,
        TransferErrorId.Cancelled => ErrorCategory.OperationStopped,
        TransferErrorId.ResourceExhausted or TransferErrorId.WouldBlock => ErrorCategory.ResourceUnavailable,
        TransferErrorId.SshNotFound => ErrorCategory.NotInstalled,
        TransferErrorId.RemoteFailed => ErrorCategory.FromStdErr,
        _ => ErrorCategory.ReadError,
    };
}

/// <summary>A wildcard that PowerShell does not understand.</summary>
internal sealed class InvalidPatternException : Exception
{
    /// <param name="pattern">The wildcard.</param>
    /// <param name="cause">What PowerShell says.</param>
    public InvalidPatternException(string pattern, WildcardPatternException cause)
        : base($"{Describe(pattern, cause)} {Cure}")
    {
        Pattern = pattern;
        Problem = Describe(pattern, cause);
    }

    /// <summary>What to do about it.</summary>
    public const string Cure = "Close its brackets, or put ` before a [ that is meant literally.";

    /// <summary>The wildcard.</summary>
    public string Pattern { get; }

    /// <summary>What is wrong with it.</summary>
    public string Problem { get; }

    private static string Describe(string pattern, WildcardPatternException cause) => $"'{pattern}' is no wildcard: {cause.Message}.";
}

/// <summary>A script block is no pipeline of native commands.</summary>
internal sealed class NativePipelineException : Exception
{
    private NativePipelineException(string id, ErrorCategory category, string target, string problem, string cure)
        : base($"{problem} {cure}")
    {
        Id = id;
        Category = category;
        Target = target;
        Problem = problem;
        RecommendedAction = cure;
    }

    /// <summary>For scripts to match.</summary>
    public string Id { get; }

    public ErrorCategory Category { get; }

    /// <summary>The part of the block that it is about.</summary>
    public string Target { get; }

    /// <summary>What is wrong with it.</summary>
    public string Problem { get; }

    /// <summary>What to do about it.</summary>
    public string RecommendedAction { get; }

    /// <summary>The block has what cannot be run so.</summary>
    public static NativePipelineException Syntax(IScriptExtent extent, string reason, string cure) =>
        new("NotNativePipeline", ErrorCategory.SyntaxError, extent.Text, $"'{extent.Text}': {reason}", cure);

    /// <summary>There is no program of a name.</summary>
    public static NativePipelineException NotFound(string name) => new("CommandNotFound", ErrorCategory.ObjectNotFound, name,
        $"No command '{name}' was found.",
        "Check the name and $env:PATH; a program in $PWD needs ./ before its name.");
}
