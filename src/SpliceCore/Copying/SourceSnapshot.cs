using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>A copy of a file whose size says nothing of its bytes, for what has to know how many there are before the first is
/// moved. The kernel generates such a file when it is read (procfs, sysfs), so that it is read once only.</summary>
internal sealed class SourceSnapshot : IDisposable
{
    private const uint PrivateMode = 0x180; // 0600

    private readonly SafeFileHandle _folder;
    private readonly StagedFile _file;

    private SourceSnapshot(SafeFileHandle folder, StagedFile file, Descriptor content)
    {
        _folder = folder;
        _file = file;
        Content = content;
    }

    /// <summary>The copy, which has the name and the attributes of the source.</summary>
    public Descriptor Content { get; }

    /// <summary>True if a source has bytes although its size is 0.</summary>
    public static bool IsNeeded(Descriptor source) =>
        source is { Kind: DescriptorKind.Regular, Size: 0 } && RangeCheck.HasByteAt(source.Handle, 0);

    /// <summary>Reads a source to its end.</summary>
    /// <param name="source">The source.</param>
    /// <param name="folder">A folder that has room for a copy; the copy has no name there.</param>
    /// <param name="monitor">When to stop, and the progress.</param>
    /// <exception cref="TransferException">It cannot be read, or there is no room.</exception>
    public static SourceSnapshot Take(Descriptor source, string folder, TransferMonitor monitor)
    {
        SysResult opened = LibC.Open(folder, OpenFlags.PathOnly | OpenFlags.Directory, out SafeFileHandle handle);
        StagedFile? file = null;
        try
        {
            if (!opened.Ok)
            {
                throw FileFailures.OpenFolder(folder, opened.Errno);
            }

            var place = new Place(handle, Path.GetFileName(source.Name), Existing: null, Path.Join(folder, Path.GetFileName(source.Name)), MayReplace: false);
            file = StagedFile.Create(place, PrivateMode, monitor.Cancellation, OpenFlags.ReadWrite);
            var spec = new TransferSpec { Offset = source.IsSeekable ? 0 : null, DestinationOffset = 0, RequiresAll = true };
            using (var run = new TransferRun(source, Descriptor.OfNewFile(file.Handle, place.Label), spec, monitor, new TransferTally()))
            {
                run.Run();
            }

            Metadata.Set(file.Handle, place.Label, source.Handle, source.Status, PreserveAttributes.All, isPath: false, new MetadataLosses());
            TransferJournal.Current?.Note($"{source.Name}: its size is not that of its content, so it was read to its end first");
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
