using System.Management.Automation;

namespace Splice.Output;

/// <summary>A bar for each of several hosts, below that of the command.</summary>
internal sealed class HostBars(Cmdlet command)
{
    private const int MaxBars = 16; // of the lines of a terminal

    private readonly Dictionary<string, int> _ids = [];
    private int _lastId;

    /// <summary>Shows the hosts, and removes the bars of others. Of a single host, the first bar shows everything.</summary>
    public void Show(IReadOnlyList<HostProgress> hosts)
    {
        HostProgress[] shown = hosts.Count > 1 || _ids.Count > 0 ? [.. hosts.Take(MaxBars)] : [];
        foreach (string host in _ids.Keys.Except(shown.Select(host => host.HostName)).ToList())
        {
            Write(new ProgressRecord(_ids[host], host, " ") { RecordType = ProgressRecordType.Completed });
            _ids.Remove(host);
        }

        foreach (HostProgress host in shown)
        {
            if (!_ids.TryGetValue(host.HostName, out int id))
            {
                _ids[host.HostName] = id = ++_lastId;
            }

            Write(new ProgressRecord(id, host.HostName, StatusOf(host))
            {
                PercentComplete = host.TotalBytes is > 0 and long total && host.Phase != TransferPhase.Connecting
                    ? (int)Math.Min(100, host.BytesCopied * 100.0 / total)
                    : -1,
            });
        }
    }

    private static string StatusOf(HostProgress host) => host switch
    {
        { Phase: not TransferPhase.Copying } => $"{host.Phase}",
        { TotalBytes: long total } => $"{ByteSize.Format(host.BytesCopied)} of {ByteSize.Format(total)}",
        _ => ByteSize.Format(host.BytesCopied),
    };

    private void Write(ProgressRecord record)
    {
        record.ParentActivityId = 0;
        command.WriteProgress(record);
    }
}
