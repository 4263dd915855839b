using System.Globalization;

namespace Splice.Streaming.Remote.Trees;

/// <summary>The report of a host on the folder that it sent.</summary>
internal sealed class SentTreeReport(ReceiveRequest request, string host)
{
    private readonly List<string> _notes = [];

    /// <summary>Warnings of items that vanished or changed.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>True if a file changed before the host verified it.</summary>
    public bool HasUnverified { get; private set; }

    /// <summary>Adds a line of the tar of the host about an item that vanished or changed, or could not be read.</summary>
    /// <returns>The error of an item that could not be read; null for the others.</returns>
    public TransferException? Add(string line)
    {
        string shown = RemoteFailure.Shown(line);
        HasUnverified |= line.EndsWith(": changed before it was verified", StringComparison.Ordinal);
        bool isChange = line.EndsWith("file changed as we read it", StringComparison.Ordinal);
        if (!isChange && !line.EndsWith("No such file or directory", StringComparison.Ordinal)
            && (line.Contains(": Cannot ", StringComparison.Ordinal) || line.EndsWith("Permission denied", StringComparison.Ordinal)))
        {
            return RemoteFailure.NotRead(shown, host);
        }

        if (!isChange || !request.AllowChanging)
        {
            _notes.Add($"'{host}': {shown}");
        }

        return null;
    }

    /// <summary>Returns warnings of attributes that the host could not send.</summary>
    /// <param name="head">The format of the stream, the tool that printed the access control lists, and their length.</param>
    /// <param name="lists">The access control lists.</param>
    public IEnumerable<string> FindLosses(string[] head, HostAccessLists lists)
    {
        if (request.Preserve.HasFlag(PreserveAttributes.Xattr) && head is not ["pax", ..])
        {
            yield return $"'{host}' sent no extended attributes: its tar is not GNU tar.";
        }

        if (lists.UnknownCount > 0)
        {
            string items = lists.UnknownCount == 1 ? "1 item has" : string.Create(CultureInfo.InvariantCulture, $"{lists.UnknownCount} items have");
            yield return $"{items} no permissions for the group: '{host}' has access control lists for them, but getfacl was not found there.";
        }
        else if (request.Preserve.HasFlag(PreserveAttributes.Acl) && head is not [_, "getfacl", _])
        {
            yield return $"'{host}' sent no access control lists: it has no getfacl.";
        }
    }
}
