using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>An entry of a folder that is copied. Its paths are put together only for who reads them: in a deep tree they
/// are long.</summary>
internal sealed class TreeEntry(TreeFolder folder, FileName name)
{
    public TreeFolder Folder => folder;

    public FileName Name => name;

    /// <summary>Whether it is a symbolic link that stands for what it leads to.</summary>
    public bool IsFollowed { get; private set; }

    public string SourcePath => TreeFolder.Join(folder.SourcePath, name);

    public string DestinationPath => TreeFolder.Join(folder.DestinationPath, name);

    /// <summary>Says the source's path.</summary>
    public object SourceLabel => this;

    /// <summary>Says the destination's path.</summary>
    public object DestinationLabel => new DestinationName(this);

    /// <summary>Finds out what the entry is, if the listing did not say or a link is to be followed.</summary>
    /// <param name="listed">The kind that the listing says; 0 where it does not.</param>
    /// <param name="followLinks">Whether links stand for what they lead to.</param>
    public DescriptorKind FindKind(int listed, bool followLinks)
    {
        var kind = (DescriptorKind)listed;
        if (kind == DescriptorKind.Other)
        {
            kind = Look(FileStatus.TryGet(folder.Source!, name, followLink: false, out FileStatus? status), status);
        }

        if (kind == DescriptorKind.SymbolicLink && followLinks)
        {
            IsFollowed = true;
            kind = Look(FileStatus.TryGet(folder.Source!, name, followLink: true, out FileStatus? status), status);
        }

        return kind;
    }

    public override string ToString() => SourcePath;

    private DescriptorKind Look(SysResult result, FileStatus? status) =>
        result.Ok ? status!.Kind : throw Failures.OpenSource(SourcePath, result.Errno);

    private sealed class DestinationName(TreeEntry entry)
    {
        public override string ToString() => entry.DestinationPath;
    }
}
