using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>Opening a source by path.</summary>
internal static class SourceFile
{
    // Without O_NONBLOCK the open of a FIFO waits for its writer, out of reach; files do not care for it.
    private const int Flags = OpenFlags.ReadOnly | OpenFlags.NoControllingTerminal | OpenFlags.NonBlock;

    /// <summary>Opens and looks at it. A FIFO is open when its first writer has come.</summary>
    /// <param name="path">The path.</param>
    /// <param name="cancellation">Ends a wait.</param>
    /// <param name="retrier">Opens it again where that may help; null for never.</param>
    /// <exception cref="TransferException">It is not there, not readable, or a directory.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while a writer was waited for.</exception>
    public static Descriptor Open(string path, CancellationToken cancellation, Retrier? retrier = null)
    {
        SysResult result = LeasedFile.Open(path, Flags, cancellation, out SafeFileHandle handle);
        while (retrier?.TriesAgain(result.Errno) == true)
        {
            result = LeasedFile.Open(path, Flags, cancellation, out handle);
        }

        if (!result.Ok)
        {
            throw FileFailures.OpenSource(path, result.Errno);
        }

        try
        {
            var source = Descriptor.OfOpened(handle, path, Flags);
            if (source.Kind == DescriptorKind.Directory)
            {
                throw new TransferException(TransferErrorId.SourceIsDirectory,
                    $"'{path}' is a directory.",
                    [$"Use -Recurse to copy it with everything in it, or name the files in it, for example '{path.TrimEnd('/')}/*'.",
                        $"Name the files in it, for example '{path.TrimEnd('/')}/*' with -Path (-LiteralPath takes '*' as it stands).",
                        "Name a file in it."],
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
