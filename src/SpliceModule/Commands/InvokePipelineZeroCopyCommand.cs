using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Splice.Binding;
using Splice.Completion;
using Splice.Errors;
using Splice.Progress;

namespace Splice.Commands;

/// <summary>Runs native commands with pipes of the kernel between them.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "PipelineZeroCopy", SupportsShouldProcess = true)]
[OutputType(typeof(PipelineResult), typeof(string))]
public sealed class InvokePipelineZeroCopyCommand : StoppableCommand
{
    /// <summary>One pipeline of native commands: { pg_dump db | zstd -T0 }.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNull]
    public ScriptBlock ScriptBlock { get; set; } = null!;

    /// <summary>The file, device or FIFO that the first command reads.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? InputPath { get; set; }

    /// <summary>The file to make or replace, or the device or FIFO to write, with the last command's output.</summary>
    [Parameter(Position = 2)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? OutputPath { get; set; }

    /// <summary>Adds to files, in place.</summary>
    [Parameter]
    public SwitchParameter Append { get; set; }

    /// <summary>The file for what the commands write to their standard error.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? ErrorPath { get; set; }

    /// <summary>Emits the result where there is output as well.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Variables for the commands' environment, besides PowerShell's own; $null takes one away.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary Environment { get; set; } = new Hashtable();

    /// <summary>The folder that the commands run in.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string? WorkingDirectory { get; set; }

    /// <summary>Bytes moved per second, from the input path, or without one to the output.</summary>
    [Parameter]
    [ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

    /// <summary>Takes a command's failure for an end like others.</summary>
    [Parameter]
    public SwitchParameter AllowFailure { get; set; }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        PipelineRequest request = Bind();
        if (request.InputPath is string input && Changes.FindMissing(input) is { } missing)
        {
            WriteError(ErrorRecords.From(missing, this));
            return;
        }

        string commands = ScriptBlock.Ast.Extent.Text.Trim('{', '}', ' ', '\r', '\n');
        if (ShouldProcess(request.OutputPath is string output ? $"{commands} Destination: {output}" : commands, Action(request.OutputPath)))
        {
            Run(request);
        }
    }

    /// <summary>The output takes the place of a file, whatever the commands are.</summary>
    private string Action(string? output) => output is null ? "Run commands"
        : Changes.Of(output, output, "Run commands", Append ? "Run commands, and append to file" : "Run commands, and replace file").Action;

    private PipelineRequest Bind()
    {
        try
        {
            var scope = new CallerScope(this, ScriptBlock);
            IReadOnlyList<CommandAst> commands = PipelineSyntax.Commands(ScriptBlock);

            // All are found before anything is evaluated, which may take time or change something.
            var programs = commands.Select(ast => (Ast: ast, Program: CommandFinder.Find(ast, scope, out string name), Name: name)).ToList();
            return new PipelineRequest
            {
                Commands = [.. programs.Select(found => ErrorRedirection.Apply(
                    new NativeCommand
                    {
                        Path = found.Program.Path,
                        Name = found.Name,
                        Arguments = NativeArguments.Of(found.Ast, this, scope),
                    },
                    found.Ast, scope, Resolve))],
                InputPath = InputPath is null ? null : Resolve(InputPath),
                HasNoInput = Host.Name == "ServerRemoteHost", // its standard input is the protocol's
                OutputPath = OutputPath is null ? null : Resolve(OutputPath),
                Append = Append,
                ErrorPath = ErrorPath is null ? null : Resolve(ErrorPath),
                Environment = ProcessEnvironment.With(Environment),
                WorkingDirectory = Folder(),
                RateLimit = RateLimit is long rate ? new RateLimiter(rate) : null,
                AllowFailure = AllowFailure,
            };
        }
        catch (NativePipelineException exception)
        {
            ThrowTerminatingError(ErrorRecords.From(exception));
            throw; // never reached: the compiler does not know
        }
    }

    private void Run(PipelineRequest request)
    {
        bool isForHost = OutputPath is null && HostStreams.OutputGoesToHost(this);
        LineSplitter? output = OutputPath is null && !isForHost ? new LineSplitter(Console.OutputEncoding, WriteObject) : null;
        LineSplitter? errors = TakesErrors() ? new LineSplitter(Console.OutputEncoding, WriteStandardError) : null;
        var progress = new ProgressReporter(this, $"Running {string.Join(" | ", request.Commands.Select(command => command.Name))}");
        var monitor = new PipelineMonitor
        {
            Output = output is null ? null : output.Add,
            Errors = errors is null ? null : errors.Add,

            // On the terminal the commands have the last word.
            Progress = isForHost ? null : progress.Report,
            Cancellation = Cancellation,
        };
        PipelineResult? result = null;
        Host.NotifyBeginApplication();
        try
        {
            result = Journals.Keep("Running commands", () => NativePipeline.Run(request, monitor));
        }
        catch (TransferException exception) when (exception.Id == TransferErrorId.Cancelled && Stopping)
        {
            throw new PipelineStoppedException();
        }
        catch (TransferException exception)
        {
            SetExitCode(exception.Partial as PipelineResult);
            output?.Complete();
            errors?.Complete();
            WriteError(ErrorRecords.From(exception, this));
        }
        finally
        {
            Host.NotifyEndApplication();
            progress.Complete();
        }

        if (result is not null)
        {
            SetExitCode(result);
            output?.Complete();
            errors?.Complete();
            Emit(result);
        }
    }

    private void Emit(PipelineResult result)
    {
        foreach (string warning in result.Warnings)
        {
            WriteWarning(warning);
        }

        if (PassThru || OutputPath is not null)
        {
            WriteObject(result);
        }
    }

    private void SetExitCode(PipelineResult? result)
    {
        if (result is not null)
        {
            SessionState.PSVariable.Set("global:LASTEXITCODE", result.ExitCode);
        }
    }

    /// <summary>True if somebody wants the commands' standard error as error records. Where the first error is to end it all,
    /// they stay with this process, unless they are among the output: what a command remarks is no failure.</summary>
    private bool TakesErrors()
    {
        if (ErrorPath is not null || HostStreams.ErrorsGoToHost(this))
        {
            return false;
        }

        if (HostStreams.ErrorsGoToOutput(this))
        {
            return true;
        }

        return ErrorAction is ActionPreference.Continue or ActionPreference.SilentlyContinue or ActionPreference.Ignore;
    }

    /// <summary>Among the output it is there whatever becomes of errors (ErrorAction), as with native commands.</summary>
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

    private string Folder() => WorkingDirectory is not null ? Resolve(WorkingDirectory)
        : SessionState.Path.CurrentFileSystemLocation.ProviderPath;

    /// <summary>The full path that a path names, there or not.</summary>
    private string Resolve(string path) =>
        new PathResolver(this, findsHidden: false, ThrowTerminatingError).Single(path) ?? throw new PipelineStoppedException();
}
