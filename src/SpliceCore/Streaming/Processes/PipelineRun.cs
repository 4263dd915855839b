using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>One pipeline, from the first open to the result. Whatever ends it, no command is left.</summary>
internal sealed class PipelineRun : IDisposable
{
    private const int ReadSize = 1 << 16;

    private readonly PipelineRequest _request;
    private readonly PipelineMonitor _monitor;
    private readonly CancellationEvent _cancelled;
    private readonly StandardDescriptors _standard = new();
    private readonly RunningCommands _commands = new();
    private readonly byte[] _buffer = new byte[ReadSize];
    private PipelineInput? _input;
    private PipelineOutput? _output;
    private CommandErrors? _errors;
    private SafeFileHandle? _next;
    private SafeFileHandle? _captured;
    private RatedTransfer? _rated;
    private TerminalScope? _terminal;
    private long _started;
    private long _bytesCaptured;

    public PipelineRun(PipelineRequest request, PipelineMonitor monitor)
    {
        _request = request;
        _monitor = monitor;
        _cancelled = new CancellationEvent(monitor.Cancellation);
    }

    private bool TakesErrors => _request.ErrorPath is not null || _monitor.Errors is not null;

    private bool TakesOutput => _request.OutputPath is null && _monitor.Output is not null;

    /// <summary>Without an input path, the rate is that of the output.</summary>
    private bool IsOutputRated => _request.RateLimit is not null && _input is null;

    private bool IsOver => !_commands.AreRunning && _captured is null && !(IsOutputRated && _rated?.IsDone == false);

    private TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    private long? BytesIn => _input is null ? null : _rated?.Bytes ?? _input.Position;

    private long? BytesOut => TakesOutput ? _bytesCaptured
        : _output?.BytesWritten ?? (IsOutputRated ? _rated?.Bytes : null);

    public PipelineResult Run()
    {
        Open();
        StartAll();
        Watch();
        return Finish();
    }

    public void Dispose()
    {
        // A command that writes on hears that nobody reads.
        _captured?.Dispose();
        _next?.Dispose();
        _commands.Dispose();
        _rated?.Dispose();
        _errors?.Dispose();
        _output?.Dispose();
        _input?.Dispose();
        _terminal?.Dispose();
        _standard.Dispose();
        _cancelled.Dispose();
    }

    private void Open()
    {
        _input = _request.InputPath is string input ? PipelineInput.Open(input, _monitor.Cancellation) : null;
        _output = _request.OutputPath is string output ? PipelineOutput.Open(output, _request.Append, _monitor.Cancellation) : null;
        if (_input?.Source.Kind == DescriptorKind.Regular && _output is { IsStaged: false }
            && FileStatus.TryGet(_output.Handle, out FileStatus? status).Ok && status!.Identity == _input.Source.Status.Identity)
        {
            throw new TransferException(TransferErrorId.SameFile,
                $"'{_output.Path}' would be added to itself without end.",
                "Choose another output path, or leave -Append out: then it is replaced at the end.",
                Errno.EINVAL, _output.Path);
        }

        _errors = TakesErrors ? new CommandErrors(_request, _monitor) : null;
    }

    private void StartAll()
    {
        using var starter = new CommandStarter(_request);
        _terminal = new TerminalScope();
        _started = Stopwatch.GetTimestamp();
        _next = FirstInput();
        for (int i = 0; i < _request.Commands.Count; i++)
        {
            Start(starter, _request.Commands[i], isLast: i == _request.Commands.Count - 1);
        }
    }

    /// <summary>Starts a command, and closes what is the command's alone.</summary>
    private void Start(CommandStarter starter, NativeCommand command, bool isLast)
    {
        SafeFileHandle? input = _next;
        SafeFileHandle? output = null;
        SafeFileHandle? errors = null;
        try
        {
            _next = null;
            output = isLast ? LastOutput() : Pipe();
            ErrorTail? tail = null;
            switch (command.ErrorTarget)
            {
                case ErrorTarget.File:
                    errors = PathInPlace.Open(command.ErrorFile!, command.AppendsErrors, _monitor.Cancellation);
                    break;

                case ErrorTarget.Pipeline when _errors is not null:
                    tail = new ErrorTail();
                    errors = _errors.Add(tail);
                    break;

                case ErrorTarget.Pipeline or ErrorTarget.Output:
                default:
                    break;
            }

            var streams = new CommandStreams(
                input ?? (SafeHandle?)_input?.Source.Handle, output ?? _output?.Handle, errors, command.ErrorTarget == ErrorTarget.Output);
            _commands.Add(starter.Start(command, streams, tail));
            Tell(TransferJournal.Current, command, readsPipe: input is not null, writesPipe: output is not null);
        }
        finally
        {
            input?.Dispose();
            output?.Dispose();
            errors?.Dispose();
        }
    }

    private void Tell(TransferJournal? journal, NativeCommand command, bool readsPipe, bool writesPipe)
    {
        if (journal is not null)
        {
            string reads = readsPipe ? "a pipe" : _input is not null ? $"'{_input.Source.Name}' itself" : "the standard input";
            string writes = writesPipe ? "a pipe" : _output is not null ? $"'{_output.Path}' itself" : "the standard output";
            journal.Note($"{command.Path}: reads {reads}, and writes {writes}");
        }
    }

    /// <summary>What the first command reads, where that is not simply the input path.</summary>
    private SafeFileHandle? FirstInput()
    {
        if (_input is not null && _request.RateLimit is not null)
        {
            var pipe = SplicePipe.Create(Tuning.CommandPipeSize);
            _rated = RatedTransfer.Into(pipe.WriteEnd, _input.Source.Handle, _input.Source.Name, _request.RateLimit, _monitor.Cancellation);
            return pipe.ReadEnd;
        }

        return _input is null && _request.HasNoInput ? PipelineInput.Open("/dev/null", _monitor.Cancellation).Handle : null;
    }

    /// <summary>A pipe to the next command; the end to write to.</summary>
    private SafeFileHandle Pipe()
    {
        var pipe = SplicePipe.Create(Tuning.CommandPipeSize);
        _next = pipe.ReadEnd;
        return pipe.WriteEnd;
    }

    /// <summary>What the last command writes to, where that is not simply the output path.</summary>
    private SafeFileHandle? LastOutput()
    {
        if (!TakesOutput && !IsOutputRated)
        {
            return null;
        }

        var pipe = SplicePipe.Create(Tuning.CommandPipeSize);
        if (TakesOutput)
        {
            _captured = pipe.ReadEnd;
        }
        else
        {
            SafeHandle destination = _output?.Handle ?? new SafeFileHandle(CommandStreams.StandardOutput, ownsHandle: false);
            _rated = RatedTransfer.OutOf(
                pipe.ReadEnd, destination, _output?.Path ?? "standard output", _request.RateLimit!, _monitor.Cancellation);
        }

        return pipe.WriteEnd;
    }

    private void Watch()
    {
        var waits = new CommandWaits();
        while (!IsOver)
        {
            _monitor.Cancellation.ThrowIfCancellationRequested();
            waits.Begin(_cancelled.Handle);
            waits.Add(_captured);
            waits.Add(IsOutputRated ? _rated?.Done : null);
            waits.AddAll(_errors?.Handles ?? []);
            waits.AddAll(_commands.Handles);
            waits.Wait(_commands.MustBeAsked);
            _monitor.Cancellation.ThrowIfCancellationRequested();
            if (_captured is not null && waits.IsReady(_captured))
            {
                TakeOutput(_captured);
            }

            _errors?.Drain();
            _commands.Reap();
            _commands.LookAtMemory();
            _monitor.Progress?.Invoke(new TransferProgress(BytesIn ?? BytesOut ?? 0, _input?.Size, Elapsed));
        }

        _errors?.Drain();
    }

    private void TakeOutput(SafeFileHandle captured)
    {
        RateLimiter? limit = IsOutputRated ? _request.RateLimit : null;
        int count = (int)Math.Min(ReadSize, limit?.StepLimit ?? ReadSize);
        limit?.Take(count, _monitor.Cancellation);
        SysResult read = LibC.Read(captured, _buffer.AsSpan(0, count), offset: null);
        limit?.Settle(count, Math.Max(read.Value, 0));
        if (read is { Ok: true, Value: > 0 })
        {
            _bytesCaptured += read.Value;
            _monitor.Output!(_buffer.AsSpan(0, (int)read.Value));
        }
        else if (read.Errno != Errno.EINTR)
        {
            captured.Dispose();
            _captured = null;
        }
    }

    private PipelineResult Finish()
    {
        // Nobody is left to read what it would still move.
        _rated?.Stop();
        if (_rated?.Failure is { } failure)
        {
            throw failure;
        }

        PipelineResult result = Result();
        if (result.ExitCode != 0 && !_request.AllowFailure)
        {
            throw CommandFailure.Of(result, _output);
        }

        _output?.Commit();
        return result with { Warnings = _output?.Warnings ?? [] };
    }

    private PipelineResult Result()
    {
        IReadOnlyList<NativeCommandResult> commands = _commands.Results(ResidentPeak.OfThisProcess());
        return new PipelineResult
        {
            Commands = commands,
            InputPath = _request.InputPath,
            OutputPath = _output?.Path,
            ErrorPath = _request.ErrorPath,
            BytesIn = BytesIn,
            BytesOut = BytesOut,
            ExitCode = commands.LastOrDefault(command => !command.Succeeded) is { } failed ? failed.ExitCode ?? 1 : 0,
            Elapsed = Elapsed,
        };
    }
}
