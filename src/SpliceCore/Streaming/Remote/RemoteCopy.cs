using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Streaming.Processes;
using Splice.Streaming.Remote;
using Splice.Streaming.Remote.Trees;
using Splice.Sync;
using Splice.Transfer;

namespace Splice;

/// <summary>Transfers files and folders to and from hosts over ssh(1). The hosts need a POSIX shell with coreutils or busybox.</summary>
public static class RemoteCopy
{
    // For the source, the digest, and what the process itself opens.
    private const int SpareDescriptors = 32;

    // Pipes to and from ssh, its pidfd, what waits for them, and to receive the file, its folder and the digest.
    private const int DescriptorsToSend = 6;
    private const int DescriptorsToReceive = 16;

    /// <summary>Sends a file or folder. It is read once for all hosts that it is sent to at the same time.</summary>
    /// <param name="request">The request.</param>
    /// <param name="monitor">Progress and cancellation.</param>
    /// <param name="emit">Called with the outcome of each host as it ends, on the caller's thread.</param>
    /// <param name="fail">Called with the error of each item of a folder that cannot be read; the others are sent.</param>
    /// <param name="planned">Called in a dry run with what would be done with each file.</param>
    /// <param name="mayRemove">Called before an item without a source is removed with all that is in it, and decides that; null to remove all.</param>
    /// <exception cref="TransferException">Nothing was sent: the source cannot be read, or it was cancelled.</exception>
    public static void Send(
        SendRequest request, TransferMonitor monitor, Action<RemoteOutcome> emit, Action<TransferException>? fail = null,
        Action<RemoteHost, TransferResult>? planned = null, Func<RemoteHost, TransferResult, bool>? mayRemove = null)
    {
        PathCheck.Name(request.Source);
        if (request.Hosts.Any(host => host.Destination is null))
        {
            CheckRemotePath(request.Destination);
        }

        try
        {
            using var standard = new StandardDescriptors();
            using var terminal = new TerminalScope();
            request = request with { Ssh = Prepare(request, terminal) };
            if (request.ContentsOnly || (request.Recurse && Directory.Exists(request.Source)))
            {
                CheckTreeOptions(request);
                request = (SendRequest)request.ForTree();
                CheckFolder(request);

                // An update counts the items when it plans.
                Lazy<TreeTotals>? totals = request.Update == UpdateMode.Always ? new(() => TreeTotals.Count(request, monitor.Cancellation)) : null;
                HashSet<string> failed = [];
                SendAll(request, emit, hosts => new TreeSendRun(request, totals, hosts, monitor, FailOnce, planned, mayRemove));

                // The folder is read again for each group of hosts.
                void FailOnce(TransferException exception)
                {
                    if (failed.Add(exception.Message))
                    {
                        fail?.Invoke(exception);
                    }
                }

                return;
            }

            CheckFileOptions(request);
            Descriptor source = OpenSource(request.Source, monitor.Cancellation);
            using (source.Handle)
            using (SourceSnapshot? snapshot = SourceSnapshot.IsNeeded(source) ? SourceSnapshot.Take(source, Path.GetTempPath(), monitor) : null)
            {
                SendAll(request, emit, hosts => new FileSendRun(request, snapshot?.Content ?? source, hosts, monitor, planned));
            }
        }
        catch (OperationCanceledException)
        {
            throw TransferFailures.Stopped(request.Source, request.Destination, arrived: 0);
        }
    }

    /// <summary>Returns the number of hosts at once that the limit on open descriptors allows.</summary>
    /// <param name="request">The request.</param>
    /// <returns>At most <see cref="RemoteRequest.ThrottleLimit"/>, and at least 1.</returns>
    public static int HostsAtOnce(RemoteRequest request) => Math.Clamp(
        (OpenFiles.Left - SpareDescriptors) / (request is SendRequest ? DescriptorsToSend : DescriptorsToReceive), 1, request.ThrottleLimit);

    /// <summary>Sends several files and folders into a folder, one after the other, over one connection to each host. Hosts that cannot
    /// be reached for the first of them are skipped.</summary>
    /// <param name="requests">The requests. Their destinations are folders, which are created if missing.</param>
    /// <param name="monitor">Progress of all of them, and cancellation.</param>
    /// <param name="emit">Called with the outcome of each host for each request, on the caller's thread.</param>
    /// <param name="fail">Called with the error of a request of which nothing was sent.</param>
    /// <param name="planned">Called in a dry run with what would be done with each file.</param>
    /// <param name="mayRemove">Called before an item without a source is removed with all that is in it, and decides that; null to remove all.</param>
    /// <exception cref="TransferException">Nothing was sent, since two sources have the same name; or it was cancelled.</exception>
    public static void Send(
        IReadOnlyList<SendRequest> requests, TransferMonitor monitor, Action<RemoteOutcome> emit, Action<TransferException> fail,
        Action<RemoteHost, TransferResult>? planned = null, Func<RemoteHost, TransferResult, bool>? mayRemove = null)
    {
        ThrowIfSameName([.. requests.Select(request => request.Source)], requests[0].Hosts[0].Destination ?? requests[0].Destination);
        using var shared = new SharedConnections();
        long started = Stopwatch.GetTimestamp();
        long? all = requests.Aggregate<SendRequest, long?>(0, (sum, request) => sum + SizeOf(request.Source));
        long before = 0;
        foreach (SendRequest request in requests)
        {
            long sent = 0;
            TransferMonitor part = monitor with
            {
                Progress = progress =>
                {
                    sent = progress.BytesCopied;
                    monitor.Progress?.Invoke(progress with { BytesCopied = before + sent, TotalBytes = all, Elapsed = Stopwatch.GetElapsedTime(started) });
                },
            };
            IReadOnlyList<RemoteHost> hosts = [.. shared.Reachable(request.Hosts).Select(host => host with { Destination = AsFolder(host.Destination) })];
            try
            {
                if (hosts.Count > 0)
                {
                    Send(request with { Hosts = hosts, Destination = AsFolder(request.Destination)!, Ssh = request.Ssh with { Shared = shared } }, part, emit, fail, planned, mayRemove);
                }
            }
            catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
            {
                fail(exception);
            }

            before += sent;
        }

        foreach (RemoteHost host in requests.SelectMany(request => request.Hosts).Distinct().Where(host => shared.Missed(host) > 0))
        {
            emit(new RemoteOutcome(host, null, RemoteFailure.NotTried(host.Text, shared.Missed(host))));
        }
    }

    /// <summary>Returns the size of a regular file; null for anything else.</summary>
    private static long? SizeOf(string path) =>
        FileStatus.TryGet(path, followLink: true, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Regular ? status.Size : null;

    private static string? AsFolder(string? destination) => destination is null or "" || destination.EndsWith('/') ? destination : destination + "/";

    internal static void ThrowIfSameName(IReadOnlyList<string> sources, string destination, string? host = null)
    {
        if (sources.GroupBy(source => Path.GetFileName(source.TrimEnd('/'))).FirstOrDefault(group => group.Count() > 1) is { } same)
        {
            throw RemoteFailure.SameName(same.First(), same.Skip(1).First(), destination, host);
        }
    }

    /// <summary>Gives ssh the terminal only where one ssh runs at a time: what is typed would be split among several.</summary>
    private static SshOptions Prepare(RemoteRequest request, TerminalScope terminal) => request.Ssh with
    {
        HasTerminal = terminal.IsOnly && !SshCommand.RunsInParallel(request) && SshCommand.HasTerminal(),
    };

    private static void SendAll(SendRequest request, Action<RemoteOutcome> emit, Func<Queue<RemoteHost>, SendRun> start)
    {
        var late = new Queue<RemoteHost>();
        SendGroups(new Queue<RemoteHost>(Distinct(request.Hosts, emit)), late);
        SendGroups(late, late: null);

        void SendGroups(Queue<RemoteHost> hosts, Queue<RemoteHost>? late)
        {
            while (hosts.Count > 0)
            {
                using SendRun run = start(hosts);
                run.Run(late, emit);
            }
        }
    }

    /// <summary>Receives files and folders from each host.</summary>
    /// <param name="request">The request.</param>
    /// <param name="monitor">Progress, on the caller's thread, and cancellation.</param>
    /// <param name="emit">Called with each outcome, on the caller's thread: one for each host and path.</param>
    /// <param name="planned">Called in a dry run with what would be done with each file, on the caller's thread.</param>
    /// <param name="mayRemove">Called before an item without a source is removed with all that is in it, and decides that, on the caller's
    /// thread; null to remove all.</param>
    /// <exception cref="TransferException">It was cancelled, or a path is invalid.</exception>
    public static void Receive(
        ReceiveRequest request, TransferMonitor monitor, Action<RemoteOutcome> emit, Action<RemoteHost, TransferResult>? planned = null,
        Func<RemoteHost, TransferResult, bool>? mayRemove = null)
    {
        foreach (string path in request.Others.Prepend(request.Source))
        {
            CheckRemotePath(path);
        }

        PathCheck.Name(request.Destination);
        if (request.Recurse)
        {
            CheckTreeOptions(request);
        }
        else
        {
            CheckFileOptions(request);
        }

        using var standard = new StandardDescriptors();
        using var terminal = new TerminalScope();
        using SharedConnections? shared = request.Others.Count > 0 || request.HasWildcards ? new SharedConnections() : null;
        SshOptions ssh = Prepare(request, terminal) with { Shared = shared };
        using var calls = new BlockingCollection<Action>();
        List<RemoteHost> hosts = [.. Distinct(request.Hosts, Add)];
        using var receiver = new HostReceiver(request with { Ssh = ssh }, hosts, Add, monitor.Cancellation)
        {
            Planned = planned is null ? null : (host, item) => calls.Add(() => planned(host, item), CancellationToken.None),
            MayRemove = mayRemove is null ? null : MayRemove,
        };
        try
        {
            receiver.Start(() => calls.CompleteAdding());
            while (!calls.IsCompleted)
            {
                if (calls.TryTake(out Action? call, (int)Tuning.ReportInterval.TotalMilliseconds, monitor.Cancellation))
                {
                    call();
                }

                monitor.Progress?.Invoke(receiver.Progress);
            }

            monitor.Cancellation.ThrowIfCancellationRequested();
        }
        catch (OperationCanceledException)
        {
            throw TransferFailures.Stopped(request.Source, request.Destination, arrived: 0);
        }

        void Add(RemoteOutcome outcome) => calls.Add(() => emit(outcome), CancellationToken.None);

        bool MayRemove(RemoteHost host, TransferResult item, CancellationToken stop)
        {
            var answer = new TaskCompletionSource<bool>();
            calls.Add(() => answer.SetResult(mayRemove!(host, item)), CancellationToken.None);
            answer.Task.Wait(stop);
            return answer.Task.Result;
        }
    }

    /// <exception cref="TransferException">The source cannot be opened or is not a folder, or it is empty and that is not accepted.</exception>
    private static void CheckFolder(SendRequest request)
    {
        string path = request.Source;
        SysResult opened = LibC.Open(path, LibC.O_RDONLY | LibC.O_DIRECTORY, out SafeFileHandle folder);
        using (folder)
        {
            if (!opened.Ok)
            {
                throw opened.Errno == Errno.ENOTDIR ? SyncErrors.SourceNotFolder(path, isForHosts: true) : FileFailures.OpenSource(path, opened.Errno);
            }

            if ((request.RemoveExtra || request.ContentsOnly) && !request.AllowEmptySource && DirectoryReader.IsEmpty(folder))
            {
                throw SyncErrors.EmptySource(path);
            }
        }
    }

    private static void CheckTreeOptions(RemoteRequest request)
    {
        if (request is { Resume: true, NoClobber: true })
        {
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"-Resume continues in the folder that an interrupted transfer of '{request.Source}' has left, and -NoClobber makes an existing folder an error.",
                "Specify only one of them.", target: request.Source);
        }

        if (request.Delta != DeltaMode.Never)
        {
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"-Delta is for single files, and '{request.Source}' is a folder.",
                "Transfer its files without -Recurse.",
                target: request.Source);
        }
    }

    private static void CheckFileOptions(RemoteRequest request)
    {
        if (request is { Resume: true, Delta: not DeltaMode.Never })
        {
            throw new TransferException(TransferErrorId.ConflictingOptions,
                "-Delta begins with a copy of the old file, and -Resume with what an interrupted transfer left.",
                "Specify only one of them.", target: request.Source);
        }
    }

    private static Descriptor OpenSource(string path, CancellationToken cancellation)
    {
        if (FileStatus.TryGet(path, followLink: true, out FileStatus? status).Ok && status!.Kind != DescriptorKind.Regular)
        {
            throw status.Kind == DescriptorKind.Directory
                ? new TransferException(TransferErrorId.SourceIsDirectory,
                    $"'{path}' is a folder.",
                    "Use -Recurse to send it with its content, or specify a file.", Errno.EISDIR, path)
                : new TransferException(TransferErrorId.NotSeekable,
                    $"'{path}' is not a regular file, and its size is unknown.",
                    "Write it to a file first.", Errno.ESPIPE, path);
        }

        return SourceFile.Open(path, cancellation);
    }

    internal static void CheckRemotePath(string path)
    {
        PathCheck.Name(path);
        if (path.StartsWith('~') && (path.Length == 1 || path.Contains('/', StringComparison.Ordinal)))
        {
            bool isOwn = path is "~" || path[1] == '/';
            throw new TransferException(TransferErrorId.InvalidPath,
                $"'~' in '{path}' is not expanded on the host.",
                isOwn
                    ? $"Use '{(path.Length > 2 ? path[2..] : ".")}': a relative path begins in the home folder there. './{path}' is a folder of that name."
                    : $"Specify the absolute path. './{path}' is a folder of that name.",
                Errno.EINVAL, path);
        }

        if (path.Length == 0)
        {
            throw new TransferException(TransferErrorId.InvalidPath, "The path on the host is empty.", "Specify a file or folder; '.' is the home folder.", Errno.EINVAL, path);
        }
    }

    /// <summary>Removes hosts that are specified twice: two transfers to one file would disturb each other.</summary>
    private static IEnumerable<RemoteHost> Distinct(IReadOnlyList<RemoteHost> hosts, Action<RemoteOutcome> emit)
    {
        var known = new HashSet<(string, string?, int?, string?)>();
        foreach (RemoteHost host in RemoteHost.Distinguish(hosts))
        {
            if (known.Add((host.Name, host.UserName, host.Port, host.Destination)))
            {
                yield return host;
            }
            else
            {
                emit(new RemoteOutcome(host, null, new TransferException(TransferErrorId.SameFile,
                    $"'{host.Text}' is specified twice as a host.",
                    "Specify it once.", target: host.Text)));
            }
        }
    }
}
