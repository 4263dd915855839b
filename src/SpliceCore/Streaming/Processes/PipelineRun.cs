using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>Runs one pipeline, from the first open to the result. However it ends, no command is left.</summary>
internal sealed class PipelineRun(PipelineRequest request, PipelineMonitor monitor) : IDisposable
{
    private readonly CancellationEvent _cancelled = new(monitor.Cancellation);
    private readonly StandardDescriptors _standard = new();
    private readonly RunningCommands _commands = new();
    private readonly byte[] _buffer = new byte[Tuning.SmallestPipe];
    private Descriptor? _input;
    private PipelineOutput? _output;
    private CommandErrors? _errors;
    private SafeFileHandle? _next;
    private SafeFileHandle? _captured;
    private RatedTransfer? _rated;
    private TerminalScope? _terminal;
    private long _started;
    private long _bytesCaptured;

    private bool ReadsOutput => request.OutputPath is null && monitor.Output is not null;

    /// <summary>Without an input path, the rate is that of the output.</summary>
    private bool IsOutputRated => request.RateLimit is not null && _input is null;

    private bool IsOver => !_commands.AreRunning && _captured is null && !(IsOutputRated && _rated?.IsDone == false);

    private TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    private long? BytesIn => _input is null ? null : _rated?.Bytes ?? ReadOffset(_input);

    private long? BytesOut => ReadsOutput ? _bytesCaptured
        : _output?.BytesWritten ?? (IsOutputRated ? _rated?.Bytes : null);

    /// <summary>Null if not known.</summary>
    private long? InputSize => _input is { Kind: DescriptorKind.Regular or DescriptorKind.Block, Size: > 0 } ? _input.Size : null;

    public PipelineResult Run()
    {
        Open();
        StartAll();
        Watch();
        return Finish();
    }

    public void Dispose()
    {
        // SIGPIPE for a command that still writes.
        _captured?.Dispose();
        _next?.Dispose();
        _commands.Dispose();
        _rated?.Dispose();
        _errors?.Dispose();
        _output?.Dispose();
        _input?.Handle.Dispose();
        _terminal?.Dispose();
        _standard.Dispose();
        _cancelled.Dispose();
    }

    private void Open()
    {
        _input = request.InputPath is string input ? PipelineFiles.OpenInput(input, monitor.Cancellation) : null;
        _output = request.OutputPath is string output ? PipelineOutput.Open(output, request.Append, monitor.Cancellation) : null;
        if (_input?.Kind == DescriptorKind.Regular && _output is { IsNew: false }
            && FileStatus.TryGet(_output.Handle, out FileStatus? status).Ok && status!.Identity == _input.Status.Identity)
        {
            throw new TransferException(TransferErrorId.SameFile,
                $"'{_output.Path}' would be appended to itself endlessly.",
                "Choose another output path, or omit -Append to replace the file at the end.",
                Errno.EINVAL, _output.Path);
        }

        Descriptor? errors = request.ErrorPath is string path ? Descriptor.Describe(OpenErrors(path, request.Append), path) : null;
        _errors = errors is not null || monitor.Errors is not null ? new CommandErrors(errors, monitor) : null;
    }

    /// <summary>Opens a file for standard error, unless that would destroy the input, or the output would replace it.</summary>
    private SafeFileHandle OpenErrors(string path, bool append)
    {
        using DestinationEntry place = PipelineFiles.Resolve(path);
        bool isInput = !append && place.Existing is { Kind: DescriptorKind.Regular } existing && existing.Identity == _input?.Status.Identity;
        bool isOutput = _output?.IsAt(place) == true && (_output.IsNew || !append);
        return isInput || isOutput
            ? throw new TransferException(TransferErrorId.SameFile,
                $"Standard error would overwrite '{path}', which the pipeline {(isInput ? "reads" : "writes")}.",
                "Choose another file for standard error.",
                target: path)
            : PipelineFiles.OpenInPlace(place, append, monitor.Cancellation);
    }

    private void StartAll()
    {
        using var starter = new CommandStarter(request);
        _terminal = new TerminalScope();
        _started = Stopwatch.GetTimestamp();
        _next = FirstInput();
        for (int i = 0; i < request.Commands.Count; i++)
        {
            Start(starter, request.Commands[i], isLast: i == request.Commands.Count - 1);
        }
    }

    /// <summary>Starts a command, and closes this process's copies of its pipe ends.</summary>
    private void Start(CommandStarter starter, NativeCommand command, bool isLast)
    {
        SafeFileHandle? input = _next;
        SafeFileHandle? output = null;
        SafeFileHandle? errors = null;
        try
        {
            _next = null;
            output = isLast ? LastOutput() : PipeToNext();
            ErrorTail? tail = command.ErrorTarget == ErrorTarget.Pipeline && _errors is not null ? new ErrorTail() : null;
            errors = tail is not null ? _errors!.Add(tail)
                : command.ErrorTarget == ErrorTarget.File
                    ? OpenErrors(command.ErrorFile!, command.AppendsErrors)
                    : null;
            var streams = new CommandStreams(
                input ?? _input?.Handle, output ?? _output?.Handle, errors, command.ErrorTarget == ErrorTarget.Output);
            _commands.Add(starter.Start(command, streams, tail));
            Note(command, readsPipe: input is not null, writesPipe: output is not null);
        }
        finally
        {
            input?.Dispose();
            output?.Dispose();
            errors?.Dispose();
        }
    }

    private void Note(NativeCommand command, bool readsPipe, bool writesPipe)
    {
        if (TransferTrace.Current is { } trace)
        {
            string reads = readsPipe ? "a pipe" : _input is not null ? $"'{_input.Name}' itself" : "the standard input";
            string writes = writesPipe ? "a pipe" : _output is not null ? $"'{_output.Path}' itself" : "the standard output";
            trace.Note($"{command.Path}: reads {reads}, and writes {writes}");
        }
    }

    /// <summary>Returns the input of the first command; null for the input path or standard input.</summary>
    private SafeFileHandle? FirstInput()
    {
        if (_input is not null && request.RateLimit is not null)
        {
            var pipe = SplicePipe.Create(Tuning.CommandPipeSize);
            _rated = new RatedTransfer(
                _input.Handle, pipe.WriteEnd, pipe.WriteEnd, _input.Name, request.RateLimit, monitor.Cancellation);
            return pipe.ReadEnd;
        }

        return _input is null && request.HasNoInput ? (SafeFileHandle)PipelineFiles.OpenInput("/dev/null", monitor.Cancellation).Handle : null;
    }

    /// <summary>Creates a pipe to the next command, and returns the end to write to.</summary>
    private SafeFileHandle PipeToNext()
    {
        var pipe = SplicePipe.Create(Tuning.CommandPipeSize);
        _next = pipe.ReadEnd;
        return pipe.WriteEnd;
    }

    /// <summary>Returns the output of the last command; null for the output path or standard output.</summary>
    private SafeFileHandle? LastOutput()
    {
        if (!ReadsOutput && !IsOutputRated)
        {
            return null;
        }

        var pipe = SplicePipe.Create(Tuning.CommandPipeSize);
        if (ReadsOutput)
        {
            _captured = pipe.ReadEnd;
        }
        else
        {
            SafeHandle destination = _output?.Handle ?? new SafeFileHandle(CommandStreams.StandardOutput, ownsHandle: false);
            _rated = new RatedTransfer(
                pipe.ReadEnd, destination, pipe.ReadEnd, _output?.Path ?? "standard output", request.RateLimit!, monitor.Cancellation);
        }

        return pipe.WriteEnd;
    }

    private void Watch()
    {
        while (!IsOver)
        {
            monitor.Cancellation.ThrowIfCancellationRequested();
            _commands.Wait([_cancelled.Handle, _captured, IsOutputRated && _rated is { IsDone: false } ? _rated.Done : null, .. _errors?.Handles ?? []]);
            monitor.Cancellation.ThrowIfCancellationRequested();
            if (_captured is not null && _commands.IsReady(_captured))
            {
                ReadOutput(_captured);
            }

            _errors?.Drain();
            monitor.Progress?.Invoke(new TransferProgress(BytesIn ?? BytesOut ?? 0, InputSize, Elapsed));
        }

        _errors?.Drain();
    }

    /// <summary>The commands share the file offset, and advance it.</summary>
    private static long? ReadOffset(Descriptor input) =>
        input.IsSeekable && LibC.Seek(input.Handle, 0, SeekOrigin.Current) is { Ok: true } offset ? offset.Value : null;

    private void ReadOutput(SafeFileHandle captured)
    {
        RateLimiter? limit = IsOutputRated ? request.RateLimit : null;
        int count = (int)Math.Min(Tuning.SmallestPipe, limit?.StepLimit ?? Tuning.SmallestPipe);
        limit?.Take(count, monitor.Cancellation);
        SysResult read = LibC.Read(captured, _buffer.AsSpan(0, count), offset: null);
        limit?.Settle(count, Math.Max(read.Value, 0));
        if (read is { Ok: true, Value: > 0 })
        {
            _bytesCaptured += read.Value;
            monitor.Output!(_buffer.AsSpan(0, (int)read.Value));
        }
        else if (read.Errno != Errno.EINTR)
        {
            captured.Dispose();
            _captured = null;
        }
    }

    private PipelineResult Finish()
    {
        // No command is left to read what it would still move.
        _rated?.Stop();
        if (_rated?.Failure is { } failure)
        {
            throw failure;
        }

        IReadOnlyList<NativeCommandResult> commands = _commands.Results();
        var result = new PipelineResult
        {
            Commands = commands,
            InputPath = request.InputPath,
            OutputPath = _output?.Path,
            ErrorPath = request.ErrorPath,
            BytesIn = BytesIn,
            BytesOut = BytesOut,
            ExitCode = commands.LastOrDefault(command => !command.Succeeded) is { } failed ? failed.ExitCode ?? 1 : 0,
            Elapsed = Elapsed,
        };
        if (result.ExitCode != 0 && !request.AllowFailure)
        {
            throw CommandFailures.Failed(result, _output);
        }

        _output?.Commit();
        return result with { Warnings = _output?.Warnings ?? [] };
    }
}
