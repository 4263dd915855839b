using System.IO.Pipes;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice;

/// <summary>Something open that bytes can be moved from or to: a FileStream, a SafeHandle, a Socket, a NetworkStream, a
/// PipeStream, or a descriptor's number. It stays its owner's.</summary>
public sealed class TransferHandle
{
    private readonly object _value;

    private TransferHandle(object value) => _value = value;

    /// <summary>Takes what the user gave; null where it is nothing that bytes can be moved from or to.</summary>
    /// <param name="value">A stream, socket, handle or number.</param>
    /// <returns>The handle, or null.</returns>
    internal static TransferHandle? From(object? value) => value switch
    {
        TransferHandle handle => handle,
        FileStream or SafeHandle or Socket or NetworkStream or PipeStream => new TransferHandle(value),
        int or long or short or byte or sbyte or ushort or uint => new TransferHandle(
            Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture)),
        nint number => new TransferHandle((long)number),
        _ => null,
    };

    /// <summary>The name for messages; null where the descriptor tells it best.</summary>
    internal string? Name => _value switch
    {
        long number => $"descriptor {number}",

        // One made of a handle calls itself "[Unknown]".
        FileStream stream when Path.IsPathRooted(stream.Name) => stream.Name,
        _ => null,
    };

    /// <summary>The handle, with whatever the stream still held in its buffer written or given back.</summary>
    /// <exception cref="TransferException">It was closed, or its buffer could not be written.</exception>
    internal SafeHandle Open()
    {
        try
        {
            SafeHandle handle = _value switch
            {
                long number => new SafeFileHandle((nint)(number is >= 0 and <= int.MaxValue ? number : -1), ownsHandle: false),

                // The getter flushes, and puts the descriptor's offset where the stream's own position is.
                FileStream stream => stream.SafeFileHandle,
                Socket socket => socket.SafeHandle,
                NetworkStream stream => stream.Socket.SafeHandle,
                PipeStream stream => stream.SafePipeHandle,
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
                $"What '{this}' still held in its buffer could not be written ({exception.Message}). Nothing was moved. Flush the stream before the transfer to see why.",
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

    /// <inheritdoc />
    public override string ToString() => Name ?? _value.ToString() ?? string.Empty;

    private TransferException Closed() => new(TransferErrorId.HandleClosed,
        $"The {_value.GetType().Name} is closed. Open it again, and close it only after the transfer.",
        Errno.EBADF, _value.GetType().Name);
}
