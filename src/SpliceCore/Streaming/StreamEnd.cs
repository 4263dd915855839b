using System.Runtime.InteropServices;
using Splice.Errors;
using Splice.Interop;

namespace Splice;

/// <summary>What a stream comes from or goes to: a path, an open handle, or, for a source, bytes.</summary>
public sealed record StreamEnd
{
    private StreamEnd()
    {
    }

    /// <summary>An absolute path; null for the others.</summary>
    public string? Path { get; private init; }

    /// <summary>An open handle, which stays the caller's; null for the others.</summary>
    public SafeHandle? Handle { get; private init; }

    /// <summary>Bytes; null for the others. They must not change while they are moved.</summary>
    public ReadOnlyMemory<byte>? Content { get; private init; }

    /// <summary>How messages and results call it; null for what the descriptor stands for.</summary>
    public string? Name { get; private init; }

    /// <summary>Where the handle's position is now, in bytes from the start; null where there is none.</summary>
    public long? Position =>
        Handle is { IsClosed: false } && LibC.Seek(Handle, 0, SeekOrigin.Current) is { Ok: true } position ? position.Value : null;

    /// <summary>A file, device or FIFO by its path.</summary>
    /// <param name="path">An absolute path.</param>
    /// <returns>The end.</returns>
    public static StreamEnd OfPath(string path) => new() { Path = path, Name = path };

    /// <summary>An open handle.</summary>
    /// <param name="handle">The handle.</param>
    /// <param name="name">How messages and results call it; null for what it stands for.</param>
    /// <returns>The end.</returns>
    public static StreamEnd OfHandle(SafeHandle handle, string? name = null) => new() { Handle = handle, Name = name };

    /// <summary>Bytes, as a source.</summary>
    /// <param name="content">The bytes.</param>
    /// <returns>The end.</returns>
    public static StreamEnd OfContent(ReadOnlyMemory<byte> content) => new() { Content = content, Name = ByteText.Of(content.Length) };

    /// <summary>Tells whoever reads the other end that no more will come: a socket's sending side is shut down, and it can
    /// still receive; everything else is closed.</summary>
    /// <param name="handle">The handle.</param>
    /// <returns>False where it is no socket, and still open.</returns>
    public static bool TryEndSending(SafeHandle handle)
    {
        SysResult result = LibC.ShutDownSending(handle);
        return result.Errno != Errno.ENOTSOCK;
    }
}
