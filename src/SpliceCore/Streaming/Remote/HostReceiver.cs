using System.Diagnostics;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Streaming.Remote.Trees;

namespace Splice.Streaming.Remote;

/// <summary>Receives from several hosts at once, each on a thread of its own, and from each host one path after the other.</summary>
/// <param name="add">Called with each outcome, on any thread.</param>
internal sealed class HostReceiver(ReceiveRequest request, IReadOnlyList<RemoteHost> hosts, Action<RemoteOutcome> add, CancellationToken cancellation) : IDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    private readonly List<Thread> _threads = [];
    private readonly object _lock = new();
    private readonly ReceiveProgress[] _progress = [.. hosts.Select(host => new ReceiveProgress(host.Text))];
    private readonly long _started = Stopwatch.GetTimestamp();
    private int _next = -1;
    private int _running;

    /// <summary>Called in a dry run with what would be done with each file, on any thread.</summary>
    public Action<RemoteHost, TransferResult>? Planned { get; init; }

    /// <summary>Called on any thread before an item is removed here, and decides that; null to remove all.</summary>
    public Func<RemoteHost, TransferResult, CancellationToken, bool>? MayRemove { get; init; }

    public TransferProgress Progress => new(_progress.Sum(host => host.Bytes), null, Stopwatch.GetElapsedTime(_started))
    {
        Phase = HostProgress.PhaseOf(_progress.Where(host => host.IsRunning).Select(host => host.Value.Phase)),
        Hosts = _progress.Where(host => host.IsRunning).Select(host => host.Value),
    };

    /// <param name="complete">Called after the last outcome, on any thread.</param>
    public void Start(Action complete)
    {
        int wanted = _running = Math.Max(1, Math.Min(request.ThrottleLimit, hosts.Count));
        _threads.Add(WorkerThread.Start(Work));
        for (int i = 1; i < wanted; i++)
        {
            if (WorkerThread.TryStart(Work) is { } thread)
            {
                _threads.Add(thread);
            }
            else
            {
                End(); // the others receive everything
            }
        }

        void Work()
        {
            for (int i; (i = Interlocked.Increment(ref _next)) < hosts.Count;)
            {
                Receive(i);
            }

            End();
        }

        void End()
        {
            if (Interlocked.Decrement(ref _running) == 0)
            {
                complete();
            }
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _threads.ForEach(thread => thread.Join());
        _stop.Dispose();
    }

    /// <summary>Receives all paths of a host. No exception may leave the thread: it would end the process.</summary>
    private void Receive(int index)
    {
        RemoteHost host = hosts[index];
        try
        {
            _progress[index].IsRunning = true;
            foreach (string path in Paths(host))
            {
                if (request.Ssh.Shared?.Reachable([host]).Count != 0)
                {
                    _progress[index].Begin();
                    if (Receive(request with { Source = path }, host, _progress[index]) is { } outcome)
                    {
                        add(outcome);
                    }
                }
            }

            if (request.Ssh.Shared?.Missed(host) is int missed and > 0)
            {
                add(new RemoteOutcome(host, null, RemoteFailure.NotTried(host.Text, missed)));
            }
        }
        catch (Exception exception)
        {
            if (!_stop.IsCancellationRequested)
            {
                add(new RemoteOutcome(host, null, exception as TransferException ?? RemoteFailure.Unexpected(request, host.Text, exception)));
            }
        }
        finally
        {
            _progress[index].IsRunning = false;
        }
    }

    private IReadOnlyList<string> Paths(RemoteHost host)
    {
        IReadOnlyList<string> paths = [.. request.Others.Prepend(request.Source)];
        if (request.HasWildcards)
        {
            _stop.Token.ThrowIfCancellationRequested();
            using var list = new PathListRun(request, host, paths, _stop.Token);
            if (list.Run().Error is { } error)
            {
                throw error;
            }

            list.Errors.ForEach(missing => add(new RemoteOutcome(host, null, missing)));
            paths = [.. list.Paths.Distinct()];
        }

        RemoteCopy.ThrowIfSameName(paths, request.DestinationOf(host), host.Text);
        return paths;
    }

    /// <returns>Null if the path is not wanted.</returns>
    private RemoteOutcome? Receive(ReceiveRequest one, RemoteHost host, ReceiveProgress progress)
    {
        _stop.Token.ThrowIfCancellationRequested();
        if (one.IsWanted?.Invoke(one.Name, one.Recurse) == false)
        {
            return null;
        }

        string path;
        try
        {
            path = PathFor(host);
        }
        catch (TransferException exception)
        {
            return new RemoteOutcome(host, null, exception);
        }

        if (one.Recurse)
        {
            using var tree = new TreeReceiveRun((ReceiveRequest)one.ForTree(), host, path, progress, _stop.Token)
            {
                Planned = Planned,
                MayRemove = MayRemove is null ? null : item => MayRemove(host, item, _stop.Token),
            };
            RemoteOutcome outcome = tree.Run();
            if (!tree.IsOther)
            {
                tree.ItemErrors.ForEach(error => add(new RemoteOutcome(host, null, error)));
                return outcome;
            }
        }

        if (one.Recurse && one.IsWanted?.Invoke(one.Name, false) == false)
        {
            return null;
        }

        using var file = new FileReceiveRun(one, host, path, progress, _stop.Token) { Planned = Planned };
        return file.Run();
    }

    /// <summary>Returns the destination for a host: with several hosts, each has a folder.</summary>
    private string PathFor(RemoteHost host)
    {
        string destination = request.DestinationOf(host);
        if (!request.IsDryRun && (request.GoesIntoFolder || destination.EndsWith('/')))
        {
            MakeFolder(destination);
        }

        if (request.Hosts.Count == 1)
        {
            return destination;
        }

        if (!request.IsDryRun && !Directory.Exists(destination))
        {
            throw FileFailures.OpenFolder(destination, Errno.ENOENT);
        }

        bool isAlone = request.Hosts.Count(other => other.Name == host.Name) == 1;
        string folder = Path.Join(destination, isAlone ? host.Name : host.Text);
        try
        {
            if (!request.IsDryRun)
            {
                Directory.CreateDirectory(folder);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TransferException(TransferErrorId.WriteFailed,
                $"The folder '{folder}' could not be created ({exception.Message}).",
                $"Check the permissions of '{destination}'.", target: folder);
        }

        return folder;
    }

    private void MakeFolder(string path)
    {
        lock (_lock)
        {
            var target = new CopyTarget(path, forSeveral: true);
            if (target.Failure is not null)
            {
                throw target.Failure;
            }

            target.Make();
        }
    }
}

/// <summary>Progress of receiving from one host: written by its thread, and read by another one.</summary>
internal sealed class ReceiveProgress(string hostName)
{
    private const long Unknown = -1;

    private long _before;
    private long _bytes;
    private long _total = Unknown;
    private volatile TransferPhase _phase;
    private volatile bool _isRunning;

    public bool IsRunning { get => _isRunning; set => _isRunning = value; }

    public TransferPhase Phase { set => _phase = value; }

    /// <summary>Number of bytes received, of all items.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public HostProgress Value => new(hostName, _phase, Bytes, Interlocked.Read(ref _total) is >= 0 and long total ? total : null);

    /// <summary>Begins the next item.</summary>
    public void Begin()
    {
        _before = _bytes;
        Interlocked.Exchange(ref _total, Unknown);
        _phase = TransferPhase.Connecting;
    }

    /// <summary>Sets the number of bytes of the item, which is known now.</summary>
    public void SetLength(long length) => Interlocked.Exchange(ref _total, _before + length);

    /// <param name="bytes">Number of bytes of the item that were received.</param>
    public void Report(long bytes) => Interlocked.Exchange(ref _bytes, _before + bytes);
}
