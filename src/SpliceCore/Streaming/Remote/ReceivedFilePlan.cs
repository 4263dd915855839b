using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>Decides whether a single file is received, from what is under the name of the destination, and sets the metadata of a file
/// that has the same content.</summary>
internal sealed class ReceivedFilePlan : IDisposable
{
    private readonly ReceiveRequest _request;
    private readonly RemoteFileInfo _file;
    private readonly DestinationEntry? _place;
    private readonly TimePrecision _precision = TimePrecision.Exact;
    private readonly MetadataWarnings _warnings = new();

    /// <param name="path">The destination: a file, or a folder, which may be missing in a dry run.</param>
    /// <exception cref="TransferException">It cannot be examined.</exception>
    public ReceivedFilePlan(ReceiveRequest request, RemoteFileInfo file, string path)
    {
        _request = request;
        _file = file;
        bool isNewFolder = request.IsDryRun && !Directory.Exists(path) && (request.GoesIntoFolder || request.Hosts.Count > 1 || path.EndsWith('/'));
        if (isNewFolder)
        {
            Path = System.IO.Path.Join(path, System.IO.Path.GetFileName(request.Source));
            return;
        }

        _place = DestinationEntry.Resolve(request.Source, path, mayReplace: !request.NoClobber);
        Path = _place.Path;
        _precision = TimePrecision.Of(_place.Folder, file.TimeUnit, TimeSpan.Zero);
    }

    /// <summary>The final path of the destination.</summary>
    public string Path { get; }

    public IReadOnlyList<string> Warnings => _warnings.Describe();

    /// <summary>Decides what is done with the file.</summary>
    /// <param name="hasSameContent">Compares the content with that of a file here, which has the same size.</param>
    public EntryDecision Decide(Func<SafeFileHandle, bool> hasSameContent)
    {
        FileStatus source = _file.Status;
        FileStatus? existing = _place?.Existing;
        if (existing is not null and not { Kind: DescriptorKind.Regular })
        {
            return new EntryDecision(ItemStatus.Updated); // an error of its own
        }

        var decision = EntryDecision.Of(source, existing, _request.Update, _precision);
        if (decision.NeedsContent)
        {
            using SafeFileHandle file = OpenExisting(LibC.O_RDONLY | LibC.O_NONBLOCK | LibC.O_NOCTTY);
            decision = hasSameContent(file) ? decision with { NeedsContent = false } : EntryDecision.ContentDiffers;
        }

        if (decision.Status == ItemStatus.Unchanged && !_request.NoClobber && FindMetadata(source, existing!) is string reason)
        {
            decision = EntryDecision.OfMetadata(reason, existing!);
        }

        if (_request.IsDryRun && decision.WritesContent && _place is not null)
        {
            ReceivedFile.Check(_request, _place);
        }

        return decision;
    }

    /// <summary>Sets the metadata of the existing file.</summary>
    public void SetMetadata()
    {
        using SafeFileHandle item = OpenExisting(LibC.O_PATH);
        PreserveAttributes preserve = _request.Preserve;
        Set(PreserveAttributes.Ownership, "the owner", () => LibC.ChangeOwnerOfPath(item, _file.UserId, _file.GroupId));
        Set(PreserveAttributes.Mode, "the mode", () => LibC.ChangeModeOfPath(item, _file.Mode));
        Set(PreserveAttributes.Timestamps, "the times", () => Metadata.SetTimes(item, isPath: true, _file.ModificationTime, _file.ModificationTime));

        void Set(PreserveAttributes attribute, string name, Func<SysResult> set)
        {
            if (preserve.HasFlag(attribute) && set() is { Ok: false } failed)
            {
                _warnings.Add(name, failed.Errno, Path);
            }
        }
    }

    public void Dispose() => _place?.Dispose();

    private string? FindMetadata(FileStatus source, FileStatus existing) => MetadataDifference.Find(
        source, existing, _request.Preserve & ~PreserveAttributes.Mode, _precision, openSource: null, openItem: null)
        ?? (_request.Preserve.HasFlag(PreserveAttributes.Mode) && source.Permissions != existing.Permissions ? "mode differs" : null);

    private SafeFileHandle OpenExisting(int flags)
    {
        SysResult opened = LibC.OpenAt(_place!.Folder, _place.Name, flags | LibC.O_NOFOLLOW, 0, out SafeFileHandle handle);
        if (opened.Ok)
        {
            return handle;
        }

        handle.Dispose();
        throw FileFailures.OpenDestination(Path, opened.Errno);
    }
}
