using System.IO.Pipes;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Binding;

namespace Splice;

/// <summary>Something open that bytes can be moved from or to: a FileStream, a SafeHandle, a Socket, a NetworkStream, a
/// PipeStream, a SplicePipe, a process's redirected stream, or a descriptor's number. It stays its owner's. Where a cmdlet
/// takes them, also a path, and bytes.</summary>
public sealed class TransferHandle
{
    private readonly object _value;
    private readonly object? _wrapper;

    private TransferHandle(object value, object? wrapper = null)
    {
        _value = value;
        _wrapper = wrapper;
    }

    /// <summary>Takes what the user gave; null where it is nothing open that bytes can be moved from or to.</summary>
    /// <param name="value">A stream, socket, handle or number.</param>
    /// <returns>The handle, or null.</returns>
    internal static TransferHandle? From(object? value) => value switch
    {
        TransferHandle handle => handle,
        FileStream or SafeHandle or Socket or NetworkStream or PipeStream or SplicePipe => new TransferHandle(value),
        StreamReader reader when IsStream(reader.BaseStream) => new TransferHandle(reader.BaseStream, reader),
        StreamWriter writer when IsStream(writer.BaseStream) => new TransferHandle(writer.BaseStream, writer),
        int or long or short or byte or sbyte or ushort or uint => new TransferHandle(
            Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture)),
        nint number => new TransferHandle((long)number),
        _ => null,
    };

    /// <summary>Takes a path as well, and bytes.</summary>
    /// <param name="value">A stream, socket, handle, number, path, FileInfo or byte array.</param>
    /// <returns>The handle, or null.</returns>
    internal static TransferHandle? FromAny(object? value) => value switch
    {
        string { Length: > 0 } path => new TransferHandle(path),
        FileInfo file => new TransferHandle(file),
        byte[] content => new TransferHandle(content),
        _ => From(value),
    };

    /// <summary>The path as the user gave it; null where it is no path.</summary>
    internal string? Path => _value as string;

    /// <summary>The name for messages; null where the descriptor tells it best.</summary>
    internal string? Name => _value switch
    {
        long number => $"descriptor {number}",

        // One made of a handle calls itself "[Unknown]".
        FileStream stream when System.IO.Path.IsPathRooted(stream.Name) => stream.Name,
        FileInfo file => file.FullName,
        string path => path,
        byte[] content => $"{content.Length} bytes",
        _ => null,
    };

    /// <summary>True if it is bytes, which nobody can write to.</summary>
    internal bool IsContent => _value is byte[];

    /// <summary>What the engine takes for it.</summary>
    /// <param name="path">The path, resolved; null where it is none.</param>
    /// <param name="isSource">Whether it is to be read.</param>
    /// <exception cref="TransferException">It was closed, or has a buffer that cannot be emptied.</exception>
    internal StreamEnd ToEnd(string? path, bool isSource) => _value switch
    {
        string => StreamEnd.OfPath(path!),
        FileInfo file => StreamEnd.OfPath(file.FullName),
        byte[] content => StreamEnd.OfContent(content),
        _ => StreamEnd.OfHandle(Open(isSource), Name),
    };

    /// <summary>The handle, with whatever the stream still held in its buffer written or given back.</summary>
    /// <param name="isSource">Whether it is to be read.</param>
    /// <exception cref="TransferException">It was closed, or has a buffer that cannot be emptied.</exception>
    internal SafeHandle Open(bool isSource)
    {
        try
        {
            EmptyBuffer();
            SafeHandle handle = _value switch
            {
                long number => new SafeFileHandle((nint)(number is >= 0 and <= int.MaxValue ? number : -1), ownsHandle: false),

                // The getter flushes, and puts the descriptor's offset where the stream's own position is.
                FileStream stream => stream.SafeFileHandle,
                Socket socket => socket.SafeHandle,
                NetworkStream stream => stream.Socket.SafeHandle,
                PipeStream stream => stream.SafePipeHandle,
                SplicePipe pipe => isSource ? pipe.ReadEnd : pipe.WriteEnd,
                _ => (SafeHandle)_value,
            };
            return handle.IsClosed ? throw Closed() : handle;
        }
        catch (Exception exception) when (exception is ObjectDisposedException or InvalidOperationException)
        {
            throw Closed();
        }
        catch (Exception exception) when (exception is IOException and not TransferException or UnauthorizedAccessException)
        {
            throw new TransferException(TransferErrorId.WriteFailed,
                $"What '{this}' still held in its buffer could not be written ({exception.Message}). Nothing was moved.",
                "Flush the stream before the transfer to see why.",
                target: ToString());
        }
    }

    /// <summary>Where a stream that keeps its own position stands.</summary>
    internal long? Position => _value is FileStream { CanSeek: true } stream ? stream.Position : null;

    /// <summary>Tells such a stream that its position moved on, unless somebody has closed it.</summary>
    internal void MoveTo(long position)
    {
        if (_value is FileStream { CanSeek: true } stream)
        {
            stream.Position = position;
        }
    }

    /// <summary>Lets whoever reads the other end come to the end. Of a socket the sending side is shut down; everything else
    /// is closed.</summary>
    internal void EndSending()
    {
        if (_value is string or FileInfo or byte[])
        {
            return; // nothing of it is open
        }

        try
        {
            if (!StreamEnd.TryEndSending(Open(isSource: false)))
            {
                CloseAll();
            }
        }
        catch (TransferException)
        {
            // It was closed meanwhile, by its owner.
        }
    }

    /// <inheritdoc />
    public override string ToString() => Name ?? _value.ToString() ?? string.Empty;

    private static bool IsStream(Stream stream) => stream is FileStream or NetworkStream or PipeStream;

    private void EmptyBuffer()
    {
        if (_wrapper is StreamWriter writer)
        {
            writer.Flush();
        }
        else if (_wrapper is StreamReader reader && ReaderBuffer.HasContent(reader))
        {
            throw new TransferException(TransferErrorId.SourceBuffered,
                $"The StreamReader of '{_value}' has read more than it has given, and the kernel does not see that.",
                "Read it to its end, or give its BaseStream before the first read.",
                target: _value.ToString());
        }
    }

    private void CloseAll()
    {
        switch (_value)
        {
            case SplicePipe pipe:
                pipe.CloseWrite();
                break;
            case long number:
                new SafeFileHandle((nint)number, ownsHandle: true).Dispose();
                break;
            default:
                ((IDisposable)(_wrapper ?? _value)).Dispose();
                break;
        }
    }

    private TransferException Closed() => new(TransferErrorId.HandleClosed,
        $"The {_value.GetType().Name} is closed.",
        "Open it again, and close it only after the transfer.",
        Errno.EBADF, _value.GetType().Name);
}
