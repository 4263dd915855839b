using System.Runtime.InteropServices;
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
        var pipe = CommandPipe.Create();
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
                throw Failures.Step(
                    TransferMethod.ReadWrite, written.Errno, TransferSide.Destination, "standard error", _file.Name, arrived: 0);
            }

            bytes = bytes[(int)Math.Max(written.Value, 0)..];
        }
    }
}
