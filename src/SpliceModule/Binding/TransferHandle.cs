using System.Globalization;
using System.IO.Pipes;
using System.Management.Automation;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Splice;

/// <summary>An open source or destination of bytes, which remains owned by the caller: a FileStream, a SafeHandle, a Socket, a
/// NetworkStream, a PipeStream, a SplicePipe, a redirected stream of a process, or the number of a descriptor. Where a cmdlet takes
/// them, also a path, and bytes.</summary>
public sealed class TransferHandle
{
    private readonly object _value;
    private readonly object? _wrapper;

    private TransferHandle(object value, object? wrapper = null)
    {
        _value = value;
        _wrapper = wrapper;
    }

    /// <summary>Returns a handle for an open stream, socket, handle or number; null for anything else.</summary>
    internal static TransferHandle? FromOpen(object? value) => value switch
    {
        TransferHandle handle => handle,
        FileStream or SafeHandle or Socket or NetworkStream or PipeStream or SplicePipe => new TransferHandle(value),
        StreamReader reader when IsStream(reader.BaseStream) => new TransferHandle(reader.BaseStream, reader),
        StreamWriter writer when IsStream(writer.BaseStream) => new TransferHandle(writer.BaseStream, writer),
        int or long or short or byte or sbyte or ushort or uint => new TransferHandle(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
        nint number => new TransferHandle((long)number),
        _ => null,
    };

    /// <summary>Returns a handle also for a path, a FileInfo and a byte array.</summary>
    internal static TransferHandle? FromAny(object? value) => value switch
    {
        string { Length: > 0 } or FileInfo or byte[] => new TransferHandle(value),
        _ => FromOpen(value),
    };

    /// <summary>The path as the user gave it; null if it is not a path.</summary>
    internal string? Path => _value as string;

    /// <summary>The name for messages; null where the engine names it by its descriptor.</summary>
    internal string? Name => _value switch
    {
        long number => $"descriptor {number}",

        // The name of one made of a handle is "[Unknown]".
        FileStream stream when System.IO.Path.IsPathRooted(stream.Name) => stream.Name,
        FileInfo file => file.FullName,
        string path => path,
        byte[] content => $"{content.Length} bytes",
        _ => null,
    };

    internal bool IsContent => _value is byte[];

    /// <summary>Sets the position of a FileStream, which the kernel does not have, unless it is null or the stream was closed.</summary>
    internal void MoveTo(long? position)
    {
        if (position is long offset && _value is FileStream { CanSeek: true } stream)
        {
            stream.Position = offset;
        }
    }

    /// <summary>Returns the source or destination for the engine.</summary>
    /// <exception cref="TransferException">It was closed, or has a buffer that cannot be emptied.</exception>
    internal TransferEndpoint ToEnd(string? path, bool isSource) => _value switch
    {
        string => TransferEndpoint.OfPath(path!),
        FileInfo file => TransferEndpoint.OfPath(file.FullName),
        byte[] content => TransferEndpoint.OfContent(content),
        _ => TransferEndpoint.OfHandle(Open(isSource), Name),
    };

    /// <summary>Returns the handle, after the stream's buffer was written or given back.</summary>
    /// <exception cref="TransferException">It was closed, or has a buffer that cannot be emptied.</exception>
    internal SafeHandle Open(bool isSource)
    {
        try
        {
            EmptyBuffer();
            SafeHandle handle = _value switch
            {
                long number => new SafeFileHandle((nint)(number is >= 0 and <= int.MaxValue ? number : -1), ownsHandle: false),

                // The getter flushes, and sets the descriptor's offset to the stream's position.
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
                $"The buffer of '{this}' could not be flushed ({exception.Message}). Nothing was moved.",
                "Flush the stream before the transfer, which reports the cause.",
                target: ToString());
        }
    }

    /// <summary>Ends the input of the reader: shuts down the sending side of a socket, and closes all
    /// others.</summary>
    internal void EndSending()
    {
        if (_value is string or FileInfo or byte[])
        {
            return; // nothing of it is open
        }

        try
        {
            if (!TransferEndpoint.TryEndSending(Open(isSource: false)))
            {
                Close();
            }
        }
        catch (TransferException)
        {
            // Its owner has closed it by now.
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
                $"The StreamReader of '{_value}' has bytes in its buffer, which the kernel cannot read.",
                "Read it to its end, or pass its BaseStream before the first read.",
                target: _value.ToString());
        }
    }

    private void Close()
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

    /// <summary>The characters that a StreamReader has read ahead. It has no public member for them that does not read more.</summary>
    private static class ReaderBuffer
    {
        private static readonly FieldInfo? Position = Field("_charPos");
        private static readonly FieldInfo? Length = Field("_charLen");
        private static readonly FieldInfo? Decoder = Field("_decoder");

        /// <summary>True if it holds unread characters, or a part of one.</summary>
        public static bool HasContent(StreamReader reader) =>
            (Position?.GetValue(reader), Length?.GetValue(reader)) is not (int position, int length)
            || position < length
            || (Decoder?.GetValue(reader) is Decoder decoder && decoder.GetCharCount([], flush: true) > 0);

        private static FieldInfo? Field(string name) => typeof(StreamReader).GetField(name, BindingFlags.Instance | BindingFlags.NonPublic);
    }
}

/// <summary>Converts an argument to a <see cref="TransferHandle"/>. Where no path is taken, a string is not a descriptor.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class TransferHandleAttribute : ArgumentTransformationAttribute
{
    private const string Handles =
        "a FileStream, SafeHandle, Socket, NetworkStream, PipeStream, SplicePipe, a redirected stream of a process, or the number of an open descriptor";

    public bool TakesPaths { get; init; }

    public bool TakesBytes { get; init; }

    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? value = inputData.Unwrap();
        return TakesPaths && !TakesBytes && value is object?[] several
            ? Array.ConvertAll(several, item => Convert(item.Unwrap()))
            : Convert(value);
    }

    private TransferHandle Convert(object? value)
    {
        TransferHandle? handle = TakesPaths ? TransferHandle.FromAny(value) : TransferHandle.FromOpen(value);
        if (handle is not null && (TakesBytes || !handle.IsContent))
        {
            return handle;
        }

        string paths = TakesPaths ? "a path, a FileInfo, " : string.Empty;
        string bytes = TakesBytes ? "bytes, " : string.Empty;
        throw new ArgumentTransformationMetadataException(
            $"{value?.GetType().Name ?? "null"} is not a source or destination of bytes. Specify {paths}{bytes}{Handles}.");
    }
}
