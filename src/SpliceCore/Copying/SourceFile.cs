using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>Opens sources by path.</summary>
internal static class SourceFile
{
    // Without O_NONBLOCK, open(2) of a FIFO waits for its writer and cannot be cancelled. Files ignore it.
    private const int Flags = LibC.O_RDONLY | LibC.O_NOCTTY | LibC.O_NONBLOCK;

    /// <summary>Opens and describes a source; waits for the first writer of a FIFO.</summary>
    public static Descriptor Open(string path, CancellationToken cancellation, Retrier? retrier = null)
    {
        SysResult result = LeasedFile.Open(path, Flags, cancellation, out SafeFileHandle handle);
        while (retrier?.WaitToRetry(result.Errno) == true)
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
                    $"'{path}' is a folder.",
                    [$"Use -Recurse to copy it with its content, or specify the files in it, for example '{path.TrimEnd('/')}/*'.",
                        $"Specify the files in it, for example '{path.TrimEnd('/')}/*' with -Path (-LiteralPath takes '*' literally).",
                        "Specify a file in it."],
                    Errno.EISDIR, path);
            }

            if (source.Kind == DescriptorKind.Fifo)
            {
                using var poller = new Poller(cancellation);
                poller.Wait(handle, PollEvents.In);
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

/// <summary>A copy of a generated file (procfs, sysfs), whose size is unknown until it is read, for callers that need the size
/// first.</summary>
internal sealed class SourceSnapshot : IDisposable
{
    private readonly SafeFileHandle _folder;
    private readonly StagedFile _file;

    private SourceSnapshot(SafeFileHandle folder, StagedFile file, Descriptor content)
    {
        _folder = folder;
        _file = file;
        Content = content;
    }

    /// <summary>The copy, with the name and the metadata of the source.</summary>
    public Descriptor Content { get; }

    /// <summary>True if a source has bytes although its size is 0.</summary>
    public static bool IsNeeded(Descriptor source) =>
        source is { Kind: DescriptorKind.Regular, Size: 0 } && RangeCheck.MayHaveByteAt(source.Handle, 0);

    /// <summary>Reads a source to its end, into an unnamed file in a directory.</summary>
    public static SourceSnapshot Take(Descriptor source, string folder, TransferMonitor monitor)
    {
        SysResult opened = LibC.Open(folder, LibC.O_PATH | LibC.O_DIRECTORY, out SafeFileHandle handle);
        StagedFile? file = null;
        try
        {
            if (!opened.Ok)
            {
                throw FileFailures.OpenFolder(folder, opened.Errno);
            }

            var place = new DestinationEntry(handle, Path.GetFileName(source.Name), Existing: null, Path.Join(folder, Path.GetFileName(source.Name)), MayReplace: false);
            file = StagedFile.Create(place, ModeBits.Private, monitor.Cancellation, LibC.O_RDWR);
            var spec = new TransferSpec { Offset = source.IsSeekable ? 0 : null, DestinationOffset = 0, RequiresAll = true };
            using (var run = new TransferRun(source, Descriptor.OfNewFile(file.Handle, place.Label), spec, monitor, new TransferCounters()))
            {
                run.Run();
            }

            Metadata.Set(file.Handle, place.Label, source.Handle, source.Status, PreserveAttributes.All, isPath: false, new MetadataWarnings());
            TransferTrace.Current?.Note($"{source.Name}: its file system does not report its size, so it was read to its end first");
            return new SourceSnapshot(handle, file, Descriptor.Describe(file.Handle, source.Label));
        }
        catch
        {
            file?.Dispose();
            handle.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        _folder.Dispose();
    }
}
