using System.IO.Enumeration;
using System.Text;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice;

/// <summary>Selects the entries of trees by wildcard patterns. The last matching pattern of a list decides; one that begins with ! takes
/// back what an earlier one matched. Case counts. It is thread-safe.</summary>
public sealed class PathFilter
{
    private readonly PathPattern[] _exclude;
    private readonly PathPattern[] _include;
    private readonly string? _filter;
    private readonly bool _hasPaths; // and not only names

    /// <summary>Creates a filter.</summary>
    /// <param name="exclude">Patterns of entries to skip, folders with their content.</param>
    /// <param name="include">Patterns of the only files and links to copy, and with a trailing slash of folders of which everything
    /// is; empty for all.</param>
    /// <param name="filter">A pattern with * and ? that the names of files must match as well; null for none.</param>
    /// <exception cref="FormatException">A bracket of a pattern is not closed.</exception>
    public PathFilter(IEnumerable<string> exclude, IEnumerable<string> include, string? filter = null)
    {
        _exclude = [.. exclude.Select(PathPattern.Parse)];
        _include = [.. include.Select(PathPattern.Parse)];
        _filter = string.IsNullOrEmpty(filter) ? null : FileSystemName.TranslateWin32Expression(filter);
        _hasPaths = _exclude.Concat(_include).Any(pattern => pattern.IsPath);
    }

    /// <summary>True if only some files are selected, so that folders may stay empty.</summary>
    internal bool HasIncludes => _include.Length > 0;

    /// <summary>The patterns that matched nothing yet.</summary>
    /// <returns>Each pattern, with true for one of the excluding patterns.</returns>
    public IEnumerable<(string Pattern, bool Excludes)> Unmatched() =>
        _exclude.Where(pattern => !pattern.HasMatched).Select(pattern => (pattern.Text, true))
            .Concat(_include.Where(pattern => !pattern.HasMatched).Select(pattern => (pattern.Text, false)));

    /// <summary>Returns the path of a folder in another one from the top of the tree, without a slash at either end; empty if no pattern
    /// needs it.</summary>
    internal byte[] PathOf(byte[] above, FileName name) =>
        !_hasPaths ? [] : above.Length == 0 ? name.Bytes.ToArray() : [.. above, (byte)'/', .. name.Bytes];

    /// <summary>True if an entry is copied.</summary>
    /// <param name="folder">Path of its folder, as <see cref="PathOf"/> returns it.</param>
    /// <param name="isInIncluded">True if the folder, or one above it, is included with all that is in it.</param>
    internal bool Selects(ReadOnlySpan<byte> folder, ReadOnlySpan<byte> name, bool isFolder, bool isInIncluded) =>
        !Matches(_exclude, folder, name, isFolder)
        && (isFolder || !HasIncludes || isInIncluded || IncludesFile(folder, name))
        && (isFolder || _filter is null || FileSystemName.MatchesWin32Expression(_filter, Encoding.UTF8.GetString(name), ignoreCase: false));

    /// <summary>True if everything in a folder is included.</summary>
    internal bool IncludesFolder(ReadOnlySpan<byte> folder, ReadOnlySpan<byte> name) =>
        HasIncludes && LastMatch(_include, folder, name, isFolder: true) is { IsFolderOnly: true, IsNegated: false };

    /// <summary>True if an item of a walk is selected, in a folder that is.</summary>
    internal bool Selects(TreeItem item, bool includesAll)
    {
        ReadOnlySpan<byte> folder = item.Parent!.Path;
        return Selects(folder.IsEmpty ? folder : folder[1..], item.Name.Bytes, item.Kind == DescriptorKind.Directory, Includes(item.Parent, includesAll));
    }

    /// <summary>True if everything in a folder of a walk is included.</summary>
    internal bool Includes(TreeItem folder, bool includesAll)
    {
        bool isIncluded = includesAll;
        for (TreeItem above = folder; HasIncludes && !isIncluded && above.Parent is not null; above = above.Parent)
        {
            ReadOnlySpan<byte> path = above.Parent.Path;
            isIncluded = IncludesFolder(path.IsEmpty ? path : path[1..], above.Name.Bytes);
        }

        return isIncluded;
    }

    private bool IncludesFile(ReadOnlySpan<byte> folder, ReadOnlySpan<byte> name) => Matches(_include, folder, name, isFolder: false);

    private static bool Matches(PathPattern[] patterns, ReadOnlySpan<byte> folder, ReadOnlySpan<byte> name, bool isFolder) =>
        LastMatch(patterns, folder, name, isFolder) is { IsNegated: false };

    private static PathPattern? LastMatch(PathPattern[] patterns, ReadOnlySpan<byte> folder, ReadOnlySpan<byte> name, bool isFolder)
    {
        PathPattern? last = null;
        foreach (PathPattern pattern in patterns)
        {
            if (pattern.Matches(folder, name, isFolder))
            {
                last = pattern;
            }
        }

        return last;
    }
}
