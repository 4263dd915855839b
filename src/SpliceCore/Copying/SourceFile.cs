using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Opening a source by path.</summary>
internal static class SourceFile
{
    /// <summary>Opens and looks at it. A FIFO is open when its first writer has come.</summary>
    /// <exception cref="TransferException">It is not there, not readable, or a directory.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while a writer was waited for.</exception>
    public static Descriptor Open(string path, CancellationToken cancellation)
    {
        // Without O_NONBLOCK the open of a FIFO waits for its writer, out of reach; files do not care for it.
        const int Flags = OpenFlags.ReadOnly | OpenFlags.NoControllingTerminal;
        SysResult result = LibC.Open(path, Flags | OpenFlags.NonBlock, out SafeFileHandle handle);
        if (result.Errno == Errno.EAGAIN)
        {
            // Somebody holds a lease on the file (fcntl(2), F_SETLEASE): the open waits until it is given up.
            result = LibC.Open(path, Flags, out handle);
        }

        if (!result.Ok)
        {
            throw Failures.OpenSource(path, result.Errno);
        }

        try
        {
            var source = Descriptor.OfOpened(handle, path, Flags);
            if (source.Kind == DescriptorKind.Directory)
            {
                throw new TransferException(TransferErrorId.SourceIsDirectory,
                    $"'{path}' is a directory. Name the files in it, for example with a wildcard: '{path.TrimEnd('/')}/*'.",
                    Errno.EISDIR, path);
            }

            if (source.Kind == DescriptorKind.Fifo)
            {
                using var readiness = new Readiness(cancellation);
                readiness.Wait(handle, PollEvents.In);
            }

            return source;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }
}
