using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming.Processes;

/// <summary>The standard error of the commands: each has a pipe of its own, so that its last lines are known, and all go to one file or
/// receiver in the order in which they come.</summary>
/// <param name="file">The file, which is closed at the end; null for none.</param>
internal sealed class CommandErrors(Descriptor? file, PipelineMonitor monitor) : IDisposable
{
    private const int PIPE_BUF = 4096; // poll(2) reports room for as many bytes

    private readonly Poller _poller = new(monitor.Cancellation);
    private readonly List<(SafeFileHandle ReadEnd, ErrorTail Tail)> _open = [];

    public IEnumerable<SafeHandle> Handles => _open.Select(stream => stream.ReadEnd);

    /// <summary>Creates a pipe for a command, and returns the end to write to.</summary>
    public SafeFileHandle Add(ErrorTail tail)
    {
        var pipe = SplicePipe.Create(Tuning.CommandPipeSize);
        LibC.SetStatusFlags(pipe.ReadEnd, LibC.O_NONBLOCK);
        _open.Add((pipe.ReadEnd, tail));
        return pipe.WriteEnd;
    }

    /// <summary>Passes on what the pipes hold, and not more: a command that writes without end must not keep the caller here.</summary>
    public void Drain()
    {
        Span<byte> buffer = stackalloc byte[PIPE_BUF];
        foreach ((SafeFileHandle readEnd, ErrorTail tail) in _open.ToArray())
        {
            SysResult read = default;
            for (long all = 0; all < Tuning.CommandPipeSize && (read = LibC.Read(readEnd, buffer, offset: null)) is { Ok: true, Value: > 0 }; all += read.Value)
            {
                ReadOnlySpan<byte> bytes = buffer[..(int)read.Value];
                tail.Add(bytes);
                Write(bytes);
                monitor.Errors?.Invoke(bytes);
            }

            if (read is { Ok: true, Value: 0 })
            {
                _open.Remove((readEnd, tail));
                readEnd.Dispose();
            }
        }
    }

    public void Dispose()
    {
        _open.ForEach(stream => stream.ReadEnd.Dispose());
        file?.Handle.Dispose();
        _poller.Dispose();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        while (file is not null && !bytes.IsEmpty)
        {
            if (file.CanBlock)
            {
                _poller.Wait(file.Handle, PollEvents.Out);
            }

            SysResult written = LibC.Write(file.Handle, bytes, offset: null);
            if (!written.Ok && written.Errno != Errno.EINTR)
            {
                throw TransferFailures.Step(
                    TransferMethod.ReadWrite, written.Errno, TransferSide.Destination, "standard error", file.Name, arrived: 0);
            }

            bytes = bytes[(int)Math.Max(written.Value, 0)..];
        }
    }
}

/// <summary>The last bytes that a command has written to its standard error.</summary>
internal sealed class ErrorTail
{
    private const int MaxBytes = 4096;

    private readonly List<byte> _bytes = [];

    public void Add(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes.Length > MaxBytes ? bytes[^MaxBytes..] : bytes);
        if (_bytes.Count > MaxBytes)
        {
            _bytes.RemoveRange(0, _bytes.Count - MaxBytes);
        }
    }

    public override string ToString() => Encoding.UTF8.GetString([.. _bytes]);
}
