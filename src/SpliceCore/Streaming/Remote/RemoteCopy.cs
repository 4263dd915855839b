using System.Collections.Concurrent;
using System.Diagnostics;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Streaming.Processes;
using Splice.Streaming.Remote;
using Splice.Streaming.Remote.Trees;
using Splice.Transfer;

namespace Splice;

/// <summary>Transfers files and folders to and from hosts over ssh(1). The hosts need a POSIX shell with coreutils or busybox.</summary>
public static class RemoteCopy
{
    /// <summary>Sends a file or folder. It is read once for all hosts that it is sent to at the same time.</summary>
    /// <param name="request">The request.</param>
    /// <param name="monitor">Progress and cancellation.</param>
    /// <param name="emit">Called with the outcome of each host, on the caller's thread.</param>
    /// <exception cref="TransferException">Nothing was sent: the source cannot be read, or it was cancelled.</exception>
    public static void Send(SendRequest request, TransferMonitor monitor, Action<RemoteOutcome> emit)
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
            if (request.Recurse && Directory.Exists(request.Source))
            {
                CheckTreeOptions(request);
                var totals = TreeTotals.Count(request.Source, request.Preserve, monitor.Cancellation);
                SendAll(request, emit, hosts => new TreeSendRun(request, totals, hosts, monitor));
                return;
            }

            Descriptor source = OpenSource(request.Source, monitor.Cancellation);
            using (source.Handle)
            using (SourceSnapshot? snapshot = SourceSnapshot.IsNeeded(source) ? SourceSnapshot.Take(source, Path.GetTempPath(), monitor) : null)
            {
                SendAll(request, emit, hosts => new FileSendRun(request, snapshot?.Content ?? source, hosts, monitor));
            }
        }
        catch (OperationCanceledException)
        {
            throw TransferFailures.Stopped(request.Source, request.Destination, arrived: 0);
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
                IReadOnlyList<RemoteOutcome> outcomes;
                using (SendRun run = start(hosts))
                {
                    outcomes = run.Run(late);
                }

                foreach (RemoteOutcome outcome in outcomes)
                {
                    emit(outcome);
                }
            }
        }
    }

    /// <summary>Receives a file or folder from each host.</summary>
    /// <param name="request">The request.</param>
    /// <param name="monitor">Progress, on the caller's thread, and cancellation.</param>
    /// <param name="emit">Called with the outcome of each host as it ends, on the caller's thread.</param>
    /// <exception cref="TransferException">It was cancelled, or the path is invalid.</exception>
    public static void Receive(ReceiveRequest request, TransferMonitor monitor, Action<RemoteOutcome> emit)
    {
        CheckRemotePath(request.Source);
        PathCheck.Name(request.Destination);
        if (request.Recurse)
        {
            CheckTreeOptions(request);
        }

        using var standard = new StandardDescriptors();
        using var terminal = new TerminalScope();
        request = request with { Ssh = Prepare(request, terminal) };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(monitor.Cancellation);
        using var outcomes = new BlockingCollection<RemoteOutcome>();
        List<RemoteHost> hosts = [.. Distinct(request.Hosts, outcome => outcomes.Add(outcome, CancellationToken.None))];
        long[] bytes = new long[hosts.Count];
        int next = -1;
        List<Thread> threads = [.. Enumerable.Range(0, Math.Min(request.ThrottleLimit, hosts.Count)).Select(_ => new Thread(Work) { IsBackground = true })];
        long started = Stopwatch.GetTimestamp();
        try
        {
            threads.ForEach(thread => thread.Start());
            for (int left = request.Hosts.Count; left > 0;)
            {
                if (outcomes.TryTake(out RemoteOutcome? outcome, (int)Tuning.ReportInterval.TotalMilliseconds, monitor.Cancellation))
                {
                    left--;
                    emit(outcome);
                }

                long sum = Enumerable.Range(0, bytes.Length).Sum(i => Interlocked.Read(ref bytes[i]));
                monitor.Progress?.Invoke(new TransferProgress(sum, null, Stopwatch.GetElapsedTime(started)));
            }
        }
        catch (OperationCanceledException)
        {
            throw TransferFailures.Stopped(request.Source, request.Destination, arrived: 0);
        }
        finally
        {
            stop.Cancel();
            threads.ForEach(thread => thread.Join());
        }

        void Work()
        {
            for (int i; (i = Interlocked.Increment(ref next)) < hosts.Count;)
            {
                int index = i;
                if (ReceiveOne(request, hosts[i], sum => Interlocked.Exchange(ref bytes[index], sum), stop.Token) is { } outcome)
                {
                    outcomes.Add(outcome, CancellationToken.None);
                }
            }
        }
    }

    /// <summary>Null if it was cancelled.</summary>
    private static RemoteOutcome? ReceiveOne(ReceiveRequest request, RemoteHost host, Action<long> progress, CancellationToken cancellation)
    {
        try
        {
            cancellation.ThrowIfCancellationRequested();
            string path = PathFor(request, host);
            if (request.Recurse)
            {
                using var tree = new TreeReceiveRun(request, host, path, progress, cancellation);
                RemoteOutcome outcome = tree.Run();
                if (!tree.IsOther)
                {
                    return outcome;
                }
            }

            using var file = new FileReceiveRun(request, host, path, progress, cancellation);
            return file.Run();
        }
        catch (Exception exception)
        {
            // An exception that left the thread would end the process.
            return cancellation.IsCancellationRequested
                ? null
                : new RemoteOutcome(host, null, exception as TransferException ?? RemoteFailure.Unexpected(request, host.Text, exception));
        }
    }

    /// <summary>Returns the destination for a host: with several hosts, each has a folder.</summary>
    private static string PathFor(ReceiveRequest request, RemoteHost host)
    {
        string destination = request.DestinationOf(host);
        if (request.Hosts.Count == 1)
        {
            return destination;
        }

        if (!Directory.Exists(destination))
        {
            throw FileFailures.OpenFolder(destination, Errno.ENOENT);
        }

        bool isAlone = request.Hosts.Count(other => other.Name == host.Name) == 1;
        string folder = Path.Join(destination, isAlone ? host.Name : host.Text);
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TransferException(TransferErrorId.WriteFailed,
                $"The folder '{folder}' could not be created ({exception.Message}).",
                $"Check the permissions of '{destination}'.", target: folder);
        }

        return folder;
    }

    private static void CheckTreeOptions(RemoteRequest request)
    {
        if (request.Resume)
        {
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"-Resume continues single files, and '{request.Source}' is a folder, of which an interruption leaves nothing.",
                "Leave -Resume out: the whole folder is transferred again.",
                target: request.Source);
        }
    }

    private static Descriptor OpenSource(string path, CancellationToken cancellation)
    {
        if (FileStatus.TryGet(path, followLink: true, out FileStatus? status).Ok && status!.Kind != DescriptorKind.Regular)
        {
            throw status.Kind == DescriptorKind.Directory
                ? new TransferException(TransferErrorId.SourceIsDirectory,
                    $"'{path}' is a folder.",
                    "Use -Recurse to send it with its content, or name a file.", Errno.EISDIR, path)
                : new TransferException(TransferErrorId.NotSeekable,
                    $"'{path}' is not a regular file, and its size is not known before it ends.",
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
            throw new TransferException(TransferErrorId.InvalidPath, "The path on the host is empty.", "Name a file or folder; '.' is the home folder.", Errno.EINVAL, path);
        }
    }

    /// <summary>Removes hosts that are named twice: two transfers to one file would disturb each other.</summary>
    private static IEnumerable<RemoteHost> Distinct(IEnumerable<RemoteHost> hosts, Action<RemoteOutcome> emit)
    {
        var known = new HashSet<(string, string?, int?, string?)>();
        foreach (RemoteHost host in hosts)
        {
            if (known.Add((host.Name, host.UserName, host.Port, host.Destination)))
            {
                yield return host;
            }
            else
            {
                emit(new RemoteOutcome(host, null, new TransferException(TransferErrorId.SameFile,
                    $"'{host.Text}' is among the hosts twice.",
                    "Name it once.", target: host.Text)));
            }
        }
    }
}
