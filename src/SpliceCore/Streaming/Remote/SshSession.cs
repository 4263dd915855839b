using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Streaming.Processes;

namespace Splice.Streaming.Remote;

/// <summary>One ssh under way: what it reads and writes are pipes of ours. It belongs to the commands that it was added to,
/// which end it.</summary>
internal sealed class SshSession : IDisposable
{
    private const int ErrorRead = 4096;
    private const int LongestLine = 4096;

    private readonly SpawnedCommand _command;
    private readonly ErrorTail _tail = new();
    private readonly List<byte> _line = [];
    private readonly SafeFileHandle _errors;
    private readonly long _started = Stopwatch.GetTimestamp();
    private TimeSpan? _elapsed;
    private bool _errorsEnded;

    /// <param name="host">The host.</param>
    /// <param name="ssh">The command.</param>
    /// <param name="inputSize">How many bytes <see cref="Input"/> should hold.</param>
    /// <param name="starter">Starts it.</param>
    /// <param name="commands">Ends it.</param>
    public SshSession(RemoteHost host, NativeCommand ssh, int inputSize, CommandStarter starter, RunningCommands commands)
    {
        Host = host;
        SplicePipe? input = null;
        SplicePipe? output = null;
        SplicePipe? errors = null;
        try
        {
            input = SplicePipe.Create(inputSize);
            output = SplicePipe.Create(Tuning.CommandPipeSize);
            errors = SplicePipe.Create(Tuning.CommandPipeSize);
            LibC.SetStatusFlags(input.WriteEnd, OpenFlags.WriteOnly | OpenFlags.NonBlock);
            LibC.SetStatusFlags(output.ReadEnd, OpenFlags.ReadOnly | OpenFlags.NonBlock);
            LibC.SetStatusFlags(errors.ReadEnd, OpenFlags.ReadOnly | OpenFlags.NonBlock);
            var streams = new CommandStreams(input.ReadEnd, output.WriteEnd, errors.WriteEnd, MergesErrors: false);
            _command = starter.Start(ssh, streams, _tail);
            commands.Add(_command);
        }
        catch
        {
            input?.Dispose();
            output?.Dispose();
            errors?.Dispose();
            throw;
        }

        input.ReadEnd.Dispose();
        output.WriteEnd.Dispose();
        errors.WriteEnd.Dispose();
        TransferJournal.Current?.Note($"{host.Text}: {string.Join(' ', ssh.Arguments.SkipLast(1).Prepend(ssh.Path))} runs a script there");
        Input = input.WriteEnd;
        Output = output.ReadEnd;
        _errors = errors.ReadEnd;
        LastSign = _started;
    }

    public RemoteHost Host { get; }

    /// <summary>To be written to; it never waits.</summary>
    public SafeFileHandle Input { get; }

    /// <summary>To be read from; it never waits.</summary>
    public SafeFileHandle Output { get; }

    /// <summary>True if nothing more comes from <see cref="Output"/>.</summary>
    public bool OutputEnded { get; private set; }

    /// <summary>The timestamp of the last sign of life.</summary>
    public long LastSign { get; private set; }

    /// <summary>True if ssh has ended; then all that it said has been read.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Null while ssh runs, and where a signal has ended it.</summary>
    public int? ExitCode => HasEnded && _command.Signal is null ? _command.ExitCode : null;

    /// <summary>What ended it, where that was a signal.</summary>
    public int? Signal => HasEnded ? _command.Signal : null;

    /// <summary>Why it was given up; null where it was not.</summary>
    public TransferException? Failure { get; private set; }

    /// <summary>True if it can still be worked with.</summary>
    public bool IsLive => Failure is null && !HasEnded;

    /// <summary>The time since it was started, or that it took.</summary>
    public TimeSpan Elapsed => _elapsed ?? Stopwatch.GetElapsedTime(_started);

    /// <summary>The last of what came over its standard error.</summary>
    public string Words => _tail.ToString();

    /// <summary>What tells that there is something to look at; a process without a descriptor has to be asked.</summary>
    public IEnumerable<SafeHandle?> Handles => [OutputEnded ? null : Output, _errorsEnded ? null : _errors, _command.Handle];

    public bool MustBeAsked => _command.Handle is null;

    /// <summary>Takes note of a sign of life.</summary>
    public void Touch() => LastSign = Stopwatch.GetTimestamp();

    /// <summary>Gives it up: ssh is told to end.</summary>
    public void Fail(TransferException failure)
    {
        Failure ??= failure;
        Input.Dispose();
        if (!HasEnded)
        {
            _command.Send(LibC.SIGTERM);
        }
    }

    /// <summary>Reads the errors, and looks whether it has ended.</summary>
    public void Look()
    {
        if (HasEnded)
        {
            return;
        }

        // In this order: what it said before it ended is there by then.
        _command.Reap();
        DrainErrors();
        if (_command.HasEnded)
        {
            HasEnded = true;
            _elapsed = Stopwatch.GetElapsedTime(_started);
            Touch();
        }
    }

    /// <summary>A whole line of its output, without reading a byte beyond it; null where there is none yet.</summary>
    public string? TryReadLine()
    {
        Span<byte> one = stackalloc byte[1];
        while (!OutputEnded)
        {
            SysResult read = LibC.Read(Output, one, offset: null);
            if (read.Errno == Errno.EINTR)
            {
                continue;
            }

            if (!read.Ok && read.Errno == Errno.EAGAIN)
            {
                return null;
            }

            OutputEnded = !read.Ok || read.Value == 0;
            if (OutputEnded)
            {
                return null;
            }

            Touch();
            if (one[0] == (byte)'\n' || _line.Count == LongestLine)
            {
                string line = Encoding.UTF8.GetString([.. _line]);
                _line.Clear();
                return line;
            }

            _line.Add(one[0]);
        }

        return null;
    }

    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
        _errors.Dispose();
    }

    private void DrainErrors()
    {
        Span<byte> buffer = stackalloc byte[ErrorRead];
        while (!_errorsEnded)
        {
            SysResult read = LibC.Read(_errors, buffer, offset: null);
            if (read is { Ok: true, Value: > 0 })
            {
                _tail.Add(buffer[..(int)read.Value]);
                Touch();
            }
            else if (read.Errno != Errno.EINTR)
            {
                _errorsEnded = read.Errno != Errno.EAGAIN;
                break;
            }
        }
    }
}
