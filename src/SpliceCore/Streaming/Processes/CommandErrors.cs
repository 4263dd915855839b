using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming.Processes;

/// <summary>What the commands write to their standard error, where this process takes it: each command has a pipe of its own,
/// so that its last words are known, and all go to one file or receiver in the order in which they come.</summary>
internal sealed class CommandErrors : IDisposable
{
    private const int PipeBuffer = 4096; // PIPE_BUF: poll(2) promises room for so many

    private readonly PipelineMonitor _monitor;
    private readonly Readiness _readiness;
    private readonly Descriptor? _file;
    private readonly List<(SafeFileHandle ReadEnd, ErrorTail Tail)> _open = [];

    public CommandErrors(PipelineRequest request, PipelineMonitor monitor)
    {
        _monitor = monitor;
        _readiness = new Readiness(monitor.Cancellation);
        _file = request.ErrorPath is string path
            ? Descriptor.Describe(PathInPlace.Open(path, request.Append, monitor.Cancellation), path)
            : null;
    }

    /// <summary>What to wait for.</summary>
    public IEnumerable<SafeHandle> Handles => _open.Select(stream => stream.ReadEnd);

    /// <summary>Makes a pipe for a command, and answers the end for it.</summary>
    public SafeFileHandle Add(ErrorTail tail)
    {
        var pipe = SplicePipe.Create(Tuning.CommandPipeSize);
        LibC.SetStatusFlags(pipe.ReadEnd, OpenFlags.ReadOnly | OpenFlags.NonBlock);
        _open.Add((pipe.ReadEnd, tail));
        return pipe.WriteEnd;
    }

    /// <summary>Passes on all that is there by now.</summary>
    public void Drain()
    {
        Span<byte> buffer = stackalloc byte[PipeBuffer];
        foreach ((SafeFileHandle readEnd, ErrorTail tail) in _open.ToArray())
        {
            SysResult read;
            while ((read = LibC.Read(readEnd, buffer, offset: null)) is { Ok: true, Value: > 0 })
            {
                ReadOnlySpan<byte> bytes = buffer[..(int)read.Value];
                tail.Add(bytes);
                Write(bytes);
                _monitor.Errors?.Invoke(bytes);
            }

            if (read.Ok)
            {
                _open.Remove((readEnd, tail));
                readEnd.Dispose();
            }
        }
    }

    public void Dispose()
    {
        _open.ForEach(stream => stream.ReadEnd.Dispose());
        _file?.Handle.Dispose();
        _readiness.Dispose();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        while (_file is not null && !bytes.IsEmpty)
        {
            if (_file.CanBlock)
            {
                _readiness.Wait(_file.Handle, PollEvents.Out);
            }

            SysResult written = LibC.Write(_file.Handle, bytes, offset: null);
            if (!written.Ok && written.Errno != Errno.EINTR)
            {
                throw TransferFailures.Step(
                    TransferMethod.ReadWrite, written.Errno, TransferSide.Destination, "standard error", _file.Name, arrived: 0);
            }

            bytes = bytes[(int)Math.Max(written.Value, 0)..];
        }
    }
}

/// <summary>The error for commands that failed.</summary>
internal static class CommandFailure
{
    /// <summary>Tells which commands failed and how, what they said last, and what has become of the output.</summary>
    public static TransferException Of(PipelineResult result, PipelineOutput? output)
    {
        var failed = result.Commands.Select((command, i) => (Command: command, Number: i + 1)).Where(entry => !entry.Command.Succeeded).ToList();
        string what = string.Join("; ", failed.Select(entry => Describe(entry.Command, entry.Number, result.Commands.Count)));
        string fate = output switch
        {
            null => string.Empty,
            { IsStaged: true } => $" '{output.Path}' is as it was.",
            { BytesWritten: long bytes } => $" {ByteText.Of(bytes)} {(bytes == 1 ? "was" : "were")} added to '{output.Path}'.",
            _ => string.Empty,
        };
        return new TransferException(TransferErrorId.CommandFailed,
            $"{what}.{fate}",
            "See what the command says of it; -AllowFailure takes such an end as none.",
            target: failed[^1].Command.Name)
        {
            Partial = result,
        };
    }

    private static string Describe(NativeCommandResult command, int number, int count)
    {
        string place = count == 1 ? string.Empty : $" (command {number} of {count})";
        string end = command switch
        {
            { Signal: string signal } => $"was ended by {signal}",
            { ExitCode: int code } => $"ended with exit code {code}",
            _ => "ended, but another part of this process took its exit code",
        };
        string? lastLine = command.ErrorText?.TrimEnd().Split('\n')[^1].Trim();
        return $"'{command.Name}'{place} {end}{(string.IsNullOrEmpty(lastLine) ? string.Empty : $" and said: {lastLine}")}";
    }
}

/// <summary>The last of what a command has written to its standard error.</summary>
internal sealed class ErrorTail
{
    private const int Most = 4096;

    private readonly List<byte> _bytes = [];

    public void Add(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes.Length > Most ? bytes[^Most..] : bytes);
        if (_bytes.Count > Most)
        {
            _bytes.RemoveRange(0, _bytes.Count - Most);
        }
    }

    public override string ToString() => Encoding.UTF8.GetString([.. _bytes]);
}
