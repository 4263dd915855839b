using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Streaming.Processes;

namespace Splice.Streaming.Remote;

/// <summary>One running ssh, with a socket for its input and pipes for its output and errors. Owned by <see cref="RunningCommands"/>, which
/// terminates it.</summary>
internal sealed class SshSession : IDisposable
{
    private const int ErrorRead = 4096;
    private const int LongestLine = 4096;
    private const long MaxText = 64 << 10;
    private const int HeartbeatRate = 16; // bytes a second, and some more

    // What the pipe holds: a host that writes without end must not keep the reader here.
    private const int MaxErrorReads = Tuning.CommandPipeSize / ErrorRead;

    private readonly SpawnedCommand _command;
    private readonly ErrorTail _tail = new();
    private readonly List<byte> _line = [];
    private readonly SafeFileHandle _errors;
    private readonly long _started = Stopwatch.GetTimestamp();
    private ReadOnlyMemory<byte> _script;
    private TimeSpan? _elapsed;
    private long _textLength;
    private bool _outputEnded;
    private bool _errorsEnded;

    public SshSession(RemoteHost host, NativeCommand ssh, ReadOnlyMemory<byte> script, CommandStarter starter, RunningCommands commands)
    {
        Host = host;
        _script = script;
        SysResult paired = LibC.SocketPair(out SafeFileHandle input, out SafeFileHandle theirs);
        SplicePipe? output = null;
        SplicePipe? errors = null;
        try
        {
            if (!paired.Ok)
            {
                throw SplicePipe.NotCreated(paired.Errno, "socket");
            }

            // ssh reads 32 KiB at a time. A pipe would wake this process after each read; a socket wakes it when three quarters are read.
            LibC.SetSendBuffer(input, Tuning.SshSendBuffer);
            LibC.SetStatusFlags(input, LibC.O_RDWR | LibC.O_NONBLOCK);
            output = SplicePipe.Create(Tuning.CommandPipeSize);
            errors = SplicePipe.Create(Tuning.CommandPipeSize);
            LibC.SetStatusFlags(output.ReadEnd, LibC.O_RDONLY | LibC.O_NONBLOCK);
            LibC.SetStatusFlags(errors.ReadEnd, LibC.O_RDONLY | LibC.O_NONBLOCK);
            var streams = new CommandStreams(theirs, output.WriteEnd, errors.WriteEnd, MergesErrors: false);
            _command = starter.Start(ssh, streams, _tail);
            commands.Add(_command);
        }
        catch
        {
            input.Dispose();
            theirs.Dispose();
            output?.Dispose();
            errors?.Dispose();
            throw;
        }

        theirs.Dispose();
        output.WriteEnd.Dispose();
        errors.WriteEnd.Dispose();
        TransferTrace.Current?.Note($"{host.Text}: {string.Join(' ', ssh.Arguments.SkipLast(1).Prepend(ssh.Path))} runs a script there");
        Input = input;
        Output = output.ReadEnd;
        _errors = errors.ReadEnd;
        LastSign = _started;
        WriteScript();
    }

    public RemoteHost Host { get; }

    /// <summary>The socket whose peer is its input, non-blocking.</summary>
    public SafeFileHandle Input { get; }

    /// <summary>The read end of its output, non-blocking.</summary>
    public SafeFileHandle Output { get; }

    /// <summary>The timestamp of the last sign of life.</summary>
    public long LastSign { get; private set; }

    /// <summary>True if ssh has ended, and its errors were read.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Null while ssh runs, and if a signal terminated it.</summary>
    public int? ExitCode => HasEnded && _command.Signal is null ? _command.ExitCode : null;

    /// <summary>The signal that terminated it; null for none.</summary>
    public int? Signal => HasEnded ? _command.Signal : null;

    /// <summary>The error for which it was terminated; null for none.</summary>
    public TransferException? Failure { get; private set; }

    /// <summary>True if the account cannot run commands.</summary>
    public bool AllowsSftpOnly { get; private set; }

    public bool IsLive => Failure is null && !HasEnded;

    /// <summary>Time since the start, or until the end.</summary>
    public TimeSpan Elapsed => _elapsed ?? Stopwatch.GetElapsedTime(_started);

    /// <summary>The last lines of its standard error that report an error.</summary>
    public string Words => ErrorsIn(_tail.ToString());

    /// <summary>The descriptors to poll. Without that of the process, its end has to be queried.</summary>
    public IEnumerable<SafeHandle?> Handles => [_outputEnded ? null : Output, _errorsEnded ? null : _errors, _command.Handle];

    /// <summary>True while a part of the script waits for room in the socket.</summary>
    public bool HasPendingScript => !_script.IsEmpty && IsLive;

    public bool HasNoPidfd => _command.Handle is null;

    public void Touch() => LastSign = Stopwatch.GetTimestamp();

    /// <summary>Counts bytes that are not content, and terminates ssh if they are too many.</summary>
    public void CountText(int bytes)
    {
        _textLength += bytes;
        if (_textLength > MaxText && _textLength > MaxText + (HeartbeatRate * (long)Elapsed.TotalSeconds))
        {
            Fail(RemoteFailure.TooMuchText(Host.Text));
        }
    }

    /// <summary>Terminates ssh.</summary>
    public void Fail(TransferException failure)
    {
        Failure ??= failure;
        Input.Dispose();
        if (!HasEnded)
        {
            _command.Send(LibC.SIGTERM);
        }
    }

    /// <summary>Reads the errors, and reaps ssh if it has ended.</summary>
    public void Update()
    {
        if (HasEnded)
        {
            return;
        }

        WriteScript();

        // In this order: what it wrote before it ended is in the pipe by then.
        _command.Reap();
        DrainErrors();
        if (_command.HasEnded)
        {
            HasEnded = true;
            _elapsed = Stopwatch.GetElapsedTime(_started);
            Touch();
        }
    }

    /// <summary>Reads the rest of the next line with the prefix of an answer; null if it has not come. The start files of a login
    /// shell can print other text.</summary>
    public string? TryReadAnswer(string prefix)
    {
        while (TryReadLine() is string line)
        {
            // sshd itself reports it where a command is not allowed (session.c).
            AllowsSftpOnly |= line.Contains("allows sftp connections only", StringComparison.Ordinal);
            int start = line.IndexOf(prefix, StringComparison.Ordinal);
            if (start >= 0)
            {
                return line[(start + prefix.Length)..];
            }
        }

        return null;
    }

    /// <summary>Reads some bytes of its output; returns 0 if none have come, or no more will.</summary>
    public int TryRead(Span<byte> buffer)
    {
        SysResult read;
        do
        {
            read = _outputEnded ? default : LibC.Read(Output, buffer, offset: null);
        }
        while (read.Errno == Errno.EINTR);

        _outputEnded |= read.Errno != Errno.EAGAIN && read.Value <= 0;
        if (read is { Ok: true, Value: > 0 })
        {
            Touch();
        }

        return read.Ok ? (int)read.Value : 0;
    }

    /// <summary>Reads a line of its output, and no byte after it; null if none has come.</summary>
    public string? TryReadLine()
    {
        Span<byte> one = stackalloc byte[1];
        while (Failure is null && TryRead(one) > 0)
        {
            CountText(1);
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

    private static string ErrorsIn(string text)
    {
        int script = text.LastIndexOf(HostScript.Errors, StringComparison.Ordinal);
        if (script >= 0)
        {
            return text[(script + HostScript.Errors.Length)..];
        }

        // ssh ends its own lines with CR and LF (log.c), unlike a host its banner. Before the keys are exchanged, no host can send
        // one: then other lines are those of a proxy.
        string own = string.Join('\n', text.Split('\n').Where(line => line.EndsWith('\r')));
        return own.Length == 0 || own.Contains("exchange", StringComparison.Ordinal) ? text : own;
    }

    private void WriteScript()
    {
        while (HasPendingScript)
        {
            SysResult written = LibC.Write(Input, _script.Span, offset: null);
            if (written.Ok)
            {
                _script = _script[(int)written.Value..];
            }
            else if (written.Errno != Errno.EINTR)
            {
                // After EPIPE, ssh reports the reason.
                _script = written.Errno == Errno.EAGAIN ? _script : default;
                return;
            }
        }
    }

    private void DrainErrors()
    {
        Span<byte> buffer = stackalloc byte[ErrorRead];
        for (int i = 0; i < MaxErrorReads && !_errorsEnded; i++)
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
