using System.Collections;
using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;
using Splice.NativeBinding;
using Splice.Output;

namespace Splice.Commands;

/// <summary>Runs native commands connected by kernel pipes.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "PipelineZeroCopy", SupportsShouldProcess = true)]
[OutputType(typeof(PipelineResult), typeof(string))]
public sealed class InvokePipelineZeroCopyCommand : TransferCommand
{
    private LineSplitter? _output;
    private LineSplitter? _errors;

    /// <summary>One pipeline of native commands: { pg_dump db | zstd -T0 }.</summary>
    [Parameter(Mandatory = true, Position = 0), ValidateNotNull]
    public ScriptBlock ScriptBlock { get; set; } = null!;

    /// <summary>The file, device or FIFO that the first command reads.</summary>
    [Parameter(Position = 1), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? InputPath { get; set; }

    /// <summary>The file to create or replace, or the device or FIFO to write, with the last command's output.</summary>
    [Parameter(Position = 2), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? OutputPath { get; set; }

    /// <summary>Appends to files.</summary>
    [Parameter]
    public SwitchParameter Append { get; set; }

    /// <summary>The file for the standard error of the commands.</summary>
    [Parameter, ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? ErrorPath { get; set; }

    /// <summary>Emits the result where there is output as well.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Variables for the commands' environment, besides PowerShell's own; $null removes one.</summary>
    [Parameter, ValidateNotNull]
    public IDictionary Environment { get; set; } = new Hashtable();

    /// <summary>The folder that the commands run in.</summary>
    [Parameter, ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? WorkingDirectory { get; set; }

    /// <summary>Bytes moved per second, from the input path, or without one to the output.</summary>
    [Parameter, ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

    /// <summary>A command that fails is not an error.</summary>
    [Parameter]
    public SwitchParameter AllowFailure { get; set; }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        if (Append && OutputPath is null && ErrorPath is null)
        {
            Refuse(nameof(Append), "-Append has no effect without -OutputPath or -ErrorPath.", "Add -OutputPath, or omit -Append.");
        }

        PipelineRequest request = Bind();
        if (request.InputPath is string input && ReportIfMissing(input))
        {
            return;
        }

        string commands = ScriptBlock.Ast.Extent.Text.Trim('{', '}', ' ', '\r', '\n');
        string target = request.OutputPath is null ? commands : $"{commands} Destination: {request.OutputPath}";
        if (ShouldProcess(target, Action(request.OutputPath)) && Run(request) is { } result)
        {
            End(result);
            Emit(PassThru || OutputPath is not null ? result : null, result.Warnings);
        }
    }

    private protected override void Report(ErrorRecord error)
    {
        End(error.TargetObject as PipelineResult);
        base.Report(error);
    }

    private PipelineRequest Bind()
    {
        try
        {
            var scope = new CallerScope(this, ScriptBlock);

            // All are found before anything is evaluated, which may take time or change something.
            var commands = PipelineSyntax.Commands(ScriptBlock)
                .Select(ast => (Ast: ast, Program: CommandFinder.Find(ast, scope, out string name), Name: name)).ToList();
            return new PipelineRequest
            {
                Commands = [.. commands.Select(found => ErrorRedirection.Apply(
                    new NativeCommand
                    {
                        Path = found.Program.Path,
                        Name = found.Name,
                        Arguments = NativeArguments.Parse(found.Ast, scope),
                    },
                    found.Ast, scope, Resolve))],
                InputPath = InputPath is null ? null : Resolve(InputPath),
                HasNoInput = Host.Name == "ServerRemoteHost", // its standard input is the protocol's
                OutputPath = OutputPath is null ? null : Resolve(OutputPath),
                Append = Append,
                ErrorPath = ErrorPath is null ? null : Resolve(ErrorPath),
                Environment = ProcessEnvironment.With(Environment),
                WorkingDirectory = WorkingDirectory is null
                    ? SessionState.Path.CurrentFileSystemLocation.ProviderPath
                    : Resolve(WorkingDirectory),
                RateLimit = RateLimit is long rate ? new RateLimiter(rate) : null,
                AllowFailure = AllowFailure,
            };
        }
        catch (BindingException exception)
        {
            ThrowTerminatingError(ErrorRecords.From(exception));
            throw; // never reached: the compiler does not know
        }
    }

    private string Action(string? output) => output is null ? "Run Commands"
        : DescribeChange(output, output, "Run Commands", Append ? "Run Commands, and Append to File" : "Run Commands, and Replace File").Action;

    private PipelineResult? Run(PipelineRequest request)
    {
        bool isForHost = OutputPath is null && HostStreams.OutputGoesToHost(this);
        _output = OutputPath is null && !isForHost ? new LineSplitter(Console.OutputEncoding, WriteObject) : null;
        _errors = TakesErrors() ? new LineSplitter(Console.OutputEncoding, WriteStandardError) : null;
        var progress = new ProgressReporter(this, $"Running {string.Join(" | ", request.Commands.Select(command => command.Name))}");
        var pipeline = new PipelineMonitor
        {
            Output = _output is null ? null : _output.Add,
            Errors = _errors is null ? null : _errors.Add,

            // On the terminal the commands have the last word.
            Progress = isForHost ? null : progress.Report,
            Cancellation = Cancellation,
        };
        return Try(progress, trace: "Running commands", pipeline, monitor =>
        {
            Host.NotifyBeginApplication();
            try
            {
                return NativePipeline.Run(request, monitor);
            }
            finally
            {
                Host.NotifyEndApplication();
            }
        });
    }

    /// <summary>Sets $LASTEXITCODE, and writes the last lines.</summary>
    private void End(PipelineResult? result)
    {
        if (result is not null)
        {
            SessionState.PSVariable.Set("global:LASTEXITCODE", result.ExitCode);
        }

        _output?.Complete();
        _errors?.Complete();
    }

    // With an action that ends the command at its first error, standard error stays with this process, unless it is merged into
    // the output: a command's remark is not a failure.
    private bool TakesErrors() => ErrorPath is null && !HostStreams.ErrorsGoToHost(this)
        && (HostStreams.ErrorsGoToOutput(this)
            || ErrorAction is ActionPreference.Continue or ActionPreference.SilentlyContinue or ActionPreference.Ignore);

    // Merged into the output it appears there whatever the action for errors, as with native commands.
    private void WriteStandardError(string line)
    {
        ErrorRecord record = ErrorRecords.FromStandardError(line);
        if (HostStreams.ErrorsGoToOutput(this))
        {
            WriteObject(record);
        }
        else
        {
            WriteError(record);
        }
    }

    private string Resolve(string path) =>
        new PathResolver(this, ThrowTerminatingError).Single(path) ?? throw new PipelineStoppedException();
}
