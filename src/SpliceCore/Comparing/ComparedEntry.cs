using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Comparing;

/// <summary>An entry of two trees, or of one of them, that is compared on any thread. Its directory stays open until then.</summary>
internal sealed class ComparedEntry
{
    private const int ReadFlags = LibC.O_RDONLY | LibC.O_NOCTTY | LibC.O_NONBLOCK;

    private readonly TaskCompletionSource _done = new();
    private readonly ComparisonRequest? _request;
    private readonly PairedDirectory? _directory;
    private readonly PairedEntry _entry;
    private readonly CancellationToken _cancellation;
    private EntryComparison? _comparison;
    private Exception? _error;

    public ComparedEntry(ComparisonRequest request, PairedEntry entry, PairedDirectory directory, CancellationToken cancellation)
    {
        _request = request;
        _entry = entry;
        _directory = directory;
        _cancellation = cancellation;
        directory.AddUser();
    }

    /// <summary>An entry, or a directory, that could not be reached.</summary>
    public ComparedEntry(TransferException error)
    {
        _error = error;
        _done.SetResult();
    }

    /// <summary>The result; null where it is equal and that is not to be reported, or the comparison failed.</summary>
    public ComparisonResult? Result { get; private set; }

    public FileStatus? ReferenceStatus { get; private set; }

    public FileStatus? DifferenceStatus { get; private set; }

    /// <summary>The comparison of its content; null if there is none yet, or was not needed.</summary>
    public ContentComparison? Content => _comparison?.Content;

    public bool IsDone => _done.Task.IsCompleted;

    /// <summary>True if it differs, or could not be compared.</summary>
    public bool IsDifferent => _error is not null || Result?.Equal == false;

    public bool Wait(TimeSpan time) => _done.Task.Wait(time);

    /// <summary>Returns the error; throws one that is not an error of this entry.</summary>
    public TransferException? FindError()
    {
        if (_error is not (null or TransferException))
        {
            ExceptionDispatchInfo.Throw(_error);
        }

        return _error as TransferException;
    }

    public void Run()
    {
        try
        {
            _cancellation.ThrowIfCancellationRequested();
            Result = _entry is { Reference: { } reference, Difference: { } difference }
                ? Compare(reference, difference)
                : FindAlone();
        }
        catch (Exception exception)
        {
            // Reported by the thread that takes the result.
            _error = exception;
        }
        finally
        {
            _directory!.RemoveUser();
            _done.SetResult();
        }
    }

    private ComparisonResult? Compare(DescriptorKind referenceKind, DescriptorKind differenceKind)
    {
        bool isRead = referenceKind == differenceKind && referenceKind == DescriptorKind.Regular
            && _request!.Properties.HasFlag(ComparedProperties.Content);
        using SafeFileHandle one = Open(_directory!.Reference!, referenceKind, isRead, out Descriptor reference);
        using SafeFileHandle other = Open(_directory.Difference!, differenceKind, isRead, out Descriptor difference);
        (ReferenceStatus, DifferenceStatus) = (reference.Status, difference.Status);
        _comparison = new EntryComparison(_request!, _cancellation);
        bool isLinked = _request!.Properties.HasFlag(ComparedProperties.HardLink) && (reference.Status.LinkCount > 1 || difference.Status.LinkCount > 1);
        bool reportsEqual = _request.IncludeEqual || isLinked;
        return _comparison.Run(_directory.PathTo(_entry.Name), reference, difference, findsOffset: false, reportsEqual);
    }

    private SafeFileHandle Open(DirectorySide side, DescriptorKind kind, bool isRead, out Descriptor descriptor)
    {
        object label = side.PathTo(_entry.Name);
        int flags = isRead ? ReadFlags : LibC.O_PATH;
        SysResult opened = LeasedFile.OpenAt(side.Handle, _entry.Name, flags | LibC.O_NOFOLLOW, _cancellation, out SafeFileHandle handle);
        if (!opened.Ok)
        {
            throw opened.Errno is Errno.ELOOP or Errno.ENOENT
                ? ComparisonErrors.Changed(label.ToString()!)
                : FileFailures.OpenSource(label.ToString()!, opened.Errno);
        }

        descriptor = isRead ? Descriptor.OfOpened(handle, label, ReadFlags) : Descriptor.Describe(handle, label);
        if (descriptor.Kind == kind)
        {
            return handle;
        }

        handle.Dispose();
        throw ComparisonErrors.Changed(label.ToString()!);
    }

    private ComparisonResult FindAlone()
    {
        bool isReference = _entry.Reference is not null;
        DirectorySide side = isReference ? _directory!.Reference! : _directory!.Difference!;
        string path = side.PathTo(_entry.Name).ToString()!;
        SysResult looked = FileStatus.TryGet(side.Handle, _entry.Name, followLink: false, out FileStatus? status);
        if (!looked.Ok)
        {
            throw FileFailures.OpenSource(path, looked.Errno);
        }

        string type = EntryComparison.TypeOf(status!.Kind);
        long? length = status.Kind == DescriptorKind.Regular ? status.Size : null;
        return new ComparisonResult
        {
            Path = _directory.PathTo(_entry.Name).ToString()!,
            ReferencePath = isReference ? path : null,
            DifferencePath = isReference ? null : path,
            ReferenceType = isReference ? type : null,
            DifferenceType = isReference ? null : type,
            ReferenceLength = isReference ? length : null,
            DifferenceLength = isReference ? null : length,
        };
    }
}

/// <summary>The names of files with several hard links, in both trees.</summary>
internal sealed class HardLinkGroups
{
    private readonly List<(ComparisonResult Result, FileIdentity Reference, FileIdentity Difference)> _names = [];
    private readonly Dictionary<FileIdentity, int> _firstReference = []; // indexes in _names: two paths can have the same text
    private readonly Dictionary<FileIdentity, int> _firstDifference = [];

    /// <summary>Keeps the result of a name, if the file has others. To be called in the order of the paths.</summary>
    public bool TryAdd(ComparedEntry entry)
    {
        if (entry is not { Result: { ReferencePath: not null, DifferencePath: not null } result, ReferenceStatus: { } reference, DifferenceStatus: { } difference }
            || reference.Kind != difference.Kind || reference.Kind == DescriptorKind.Directory || (reference.LinkCount < 2 && difference.LinkCount < 2))
        {
            return false;
        }

        _firstReference.TryAdd(reference.Inode, _names.Count);
        _firstDifference.TryAdd(difference.Inode, _names.Count);
        _names.Add((result, reference.Inode, difference.Inode));
        return true;
    }

    /// <summary>Returns the results. A name differs if the first name of its file is another one in the other tree.</summary>
    public IEnumerable<ComparisonResult> Complete()
    {
        foreach ((ComparisonResult result, FileIdentity reference, FileIdentity difference) in _names)
        {
            (int one, int other) = (_firstReference[reference], _firstDifference[difference]);
            yield return one == other ? result : result with
            {
                Differences = [.. result.Differences, new PropertyDifference(
                    nameof(ComparedProperties.HardLink), _names[one].Result.Path, _names[other].Result.Path)],
            };
        }
    }
}
