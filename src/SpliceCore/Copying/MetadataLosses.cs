using Splice.Errors;

namespace Splice.Copying;

/// <summary>What a copy could not keep, because the user may not set it or the file system cannot hold it: one warning
/// for each kind, however many files it meets.</summary>
internal sealed class MetadataLosses
{
    private readonly object _lock = new();
    private SortedDictionary<string, (string First, Errno Errno, long Count)>? _losses;

    /// <summary>Takes note of one.</summary>
    /// <param name="what">The kind, in words: "the owner".</param>
    /// <param name="errno">Why.</param>
    /// <param name="label">What says the file's path.</param>
    public void Add(string what, Errno errno, object label)
    {
        lock (_lock)
        {
            _losses ??= new(StringComparer.Ordinal);
            _losses[what] = _losses.TryGetValue(what, out var known)
                ? known with { Count = known.Count + 1 }
                : (label.ToString()!, errno, 1);
        }
    }

    /// <summary>The warnings.</summary>
    public IReadOnlyList<string> Describe()
    {
        lock (_lock)
        {
            return _losses is null ? [] : [.. _losses.Select(loss => loss.Value switch
            {
                (string first, Errno errno, 1) => $"'{first}' could not be given {loss.Key} ({ErrnoText.Describe(errno)}).",
                (string first, Errno errno, long count) =>
                    $"{count} items could not be given {loss.Key}; the first is '{first}' ({ErrnoText.Describe(errno)}).",
            })];
        }
    }
}
