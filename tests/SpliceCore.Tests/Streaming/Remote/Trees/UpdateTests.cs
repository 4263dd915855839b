using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>A folder "source", and a folder "target" on a host that is this machine, to which it goes.</summary>
public abstract class UpdateTests(SshServer server) : IDisposable
{
    private protected static readonly DateTime Old = new(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    public static TheoryData<string> Shells => SshServer.Shells;

    /// <summary>All three kinds of lists: of GNU find, of busybox, and compared by content.</summary>
    public static TheoryData<string, UpdateMode> Kinds => new()
    {
        { "bash", UpdateMode.Changed },
        { "dash", UpdateMode.Content },
        { "busybox", UpdateMode.Changed },
        { "busybox", UpdateMode.Content },
        { "busybox", UpdateMode.Newer },
        { "bash", UpdateMode.Size },
    };

    /// <summary>Both directions, with GNU tools and busybox.</summary>
    public static TheoryData<bool, string> Ways => new()
    {
        { true, "bash" },
        { true, "busybox" },
        { false, "dash" },
        { false, "busybox" },
    };

    private protected SshServer Server => server;

    private protected Workspace Folder { get; } = new();

    /// <summary>The new folders of all dry runs, by their paths in the target.</summary>
    private protected List<string> PlannedFolders { get; } = [];

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static (long Updated, long Unchanged) Counts(RemoteTransferResult result) => (result.Updated, result.Unchanged);

    private protected static IReadOnlyList<RemoteOutcome> Run(RemoteRequest request) =>
        request is SendRequest sent ? Remotes.Send(sent) : Remotes.Receive((ReceiveRequest)request);

    /// <summary>Returns the status and the path in the target of each item in a dry run.</summary>
    private protected List<string> Planned(RemoteRequest request, string target)
    {
        List<string> planned = [];
        request = request with { IsDryRun = true };
        if (request is SendRequest sent)
        {
            RemoteCopy.Send(sent, TransferMonitor.None, AssertNoError, fail: null, Add);
        }
        else
        {
            RemoteCopy.Receive((ReceiveRequest)request, TransferMonitor.None, AssertNoError, Add);
        }

        planned.Sort(StringComparer.Ordinal);
        return planned;

        void Add(RemoteHost host, TransferResult item)
        {
            Assert.StartsWith(Folder["source"], item.Source, StringComparison.Ordinal);
            if (item.DirectoryCount > 0)
            {
                PlannedFolders.Add(Path.GetRelativePath(Folder[target], item.Destination));
            }
            else
            {
                planned.Add($"{item.Status} {Path.GetRelativePath(Folder[target], item.Destination)}");
            }
        }

        void AssertNoError(RemoteOutcome outcome) => Assert.True(outcome.Error is null, outcome.Error?.Message);
    }

    private protected SendRequest SendTo(RemoteHost host) => new()
    {
        Source = Folder["source"],
        Hosts = [host],
        Destination = Directory.CreateDirectory(Folder["target"]).FullName,
        Ssh = server.SharedConnection,
        Recurse = true,
        Update = UpdateMode.Changed,
    };

    private protected ReceiveRequest ReceiveFrom(RemoteHost host) => new()
    {
        Source = Folder["source"],
        Hosts = [host],
        Destination = Directory.CreateDirectory(Folder["target"]).FullName,
        Ssh = server.SharedConnection,
        Recurse = true,
        Update = UpdateMode.Changed,
    };

    private protected RemoteRequest Request(bool isSent, string shell) => isSent ? SendTo(server.Host(shell)) : ReceiveFrom(server.Host(shell));

    private protected void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Folder[name])!);
        File.WriteAllText(Folder[name], text);
    }
}
