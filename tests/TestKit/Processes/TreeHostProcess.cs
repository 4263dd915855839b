using System.Collections.Concurrent;
using System.Text.Json;
using Xunit;

[assembly: AssemblyFixture(typeof(IdleHosts))]

namespace Splice.TestKit.Processes;

/// <summary>A process of its own that copies files and trees, one after the other, and can be traced, limited and killed.</summary>
internal sealed class TreeHostProcess : IDisposable
{
    private const int SpareDescriptors = 3; // that the runtime may open for itself

    private readonly ChildProcess _process;
    private readonly ConcurrentBag<ChildProcess>? _idle;
    private Task<string?>? _answer; // to what was begun

    /// <param name="wrapper">A tool and its arguments that start the process, setpriv(1) say.</param>
    public TreeHostProcess(params string[] wrapper) => _process = TestHost.StartServer(wrapper, "--trees");

    private TreeHostProcess(ConcurrentBag<ChildProcess> idle, string[] wrapper)
    {
        _idle = idle;
        _process = idle.TryTake(out ChildProcess? process) ? process : TestHost.StartServer(wrapper, "--trees");
    }

    public string Id => _process.Id;

    /// <summary>The answer to what was begun; null while that runs.</summary>
    public string? EndReport => _answer is { IsCompleted: true } ? _answer.Result ?? "The process ended without an answer." : null;

    /// <summary>One that other tests have used, or will use: nothing may be left in it. For this test it is alone.</summary>
    /// <param name="wrapper">A tool and its arguments that start the process.</param>
    public static TreeHostProcess Shared(params string[] wrapper) => new(IdleHosts.Of(wrapper), wrapper);

    /// <summary>Has a file copied.</summary>
    public HostAnswer Copy(CopyRequest request)
    {
        _process.WriteLine($"copy {JsonSerializer.Serialize(request)}");
        HostAnswer answer = Answer<HostAnswer>();
        return answer with { ExitCode = answer.Error is null ? 0 : 1 };
    }

    /// <summary>Has a tree copied.</summary>
    public TreeAnswer Copy(TreeRequest request)
    {
        Begin(request);
        return Answer<TreeAnswer>();
    }

    /// <summary>Has two folders synchronized.</summary>
    public TreeAnswer Sync(SyncRequest request) => Ask("sync", request);

    /// <summary>Has two folders synchronized, and stopped before the first removal.</summary>
    public TreeAnswer SyncUntilRemoval(SyncRequest request) => Ask("stop", request);

    /// <summary>Has two folders synchronized, and does not wait for it.</summary>
    public void Begin(SyncRequest request) => Begin($"sync {JsonSerializer.Serialize(request)}");

    /// <summary>Has a file cut into parts.</summary>
    public TreeAnswer Split(SplitRequest request) => Ask("split", request);

    /// <summary>Has files joined.</summary>
    public TreeAnswer Join(JoinRequest request) => Ask("join", request);

    /// <summary>Has an item removed, with everything in it.</summary>
    public TreeAnswer Remove(string path)
    {
        _process.WriteLine($"remove {path}");
        return Answer<TreeAnswer>();
    }

    /// <summary>Has an item moved.</summary>
    public TreeAnswer Move(MoveRequest request) => Ask("move", request);

    /// <summary>Has an item moved and does not wait for it.</summary>
    public void Begin(MoveRequest request) => Begin($"move {JsonSerializer.Serialize(request)}");

    /// <summary>Has files or trees compared.</summary>
    public ComparisonAnswer Compare(ComparisonRequest request)
    {
        _process.WriteLine($"compare {JsonSerializer.Serialize(request)}");
        return Answer<ComparisonAnswer>();
    }

    /// <summary>What the process has at present.</summary>
    public TreeHostState State()
    {
        _process.WriteLine(string.Empty);
        return Answer<TreeHostState>();
    }

    /// <summary>Fails if the process has more descriptors open than before.</summary>
    /// <param name="before">How many it had.</param>
    public void AssertNoneLeftOpen(int before) => Assert.InRange(State().Descriptors, 0, before + SpareDescriptors);

    /// <summary>What came of a copy that was begun.</summary>
    public TreeAnswer Finish() => Answer<TreeAnswer>();

    /// <summary>Has a tree copied and does not wait for it.</summary>
    public void Begin(TreeRequest request)
    {
        Begin(JsonSerializer.Serialize(new
        {
            request.Copy,
            request.FollowSymlink,
            request.ThrottleLimit,
            request.AppliesToExistingFolders,
        }));
    }

    public void Kill() => _process.Kill();

    public void Dispose()
    {
        // The next user of the process would read an answer that was not waited for.
        if (_idle is not null && _answer is null && !_process.HasExited)
        {
            _idle.Add(_process);
        }
        else
        {
            _process.Dispose();
        }
    }

    private TreeAnswer Ask<T>(string what, T request)
    {
        _process.WriteLine($"{what} {JsonSerializer.Serialize(request)}");
        return Answer<TreeAnswer>();
    }

    private void Begin(string line)
    {
        _process.WriteLine(line);
        _answer = _process.BeginReadLine();
    }

    private T Answer<T>()
    {
        string? line = _process.EndReadLine(_answer ?? _process.BeginReadLine());
        _answer = null;
        return line is null
            ? throw new InvalidOperationException($"The process ended without an answer: {_process.Errors}")
            : JsonSerializer.Deserialize<T>(line)!;
    }
}

/// <summary>The processes that no test uses at present, until the end of the run: a start takes longer than most copies.</summary>
public sealed class IdleHosts : IDisposable
{
    private static readonly ConcurrentDictionary<string, ConcurrentBag<ChildProcess>> All = new();

    internal static ConcurrentBag<ChildProcess> Of(string[] wrapper) => All.GetOrAdd(string.Join('\0', wrapper), _ => []);

    public void Dispose()
    {
        foreach (ChildProcess process in All.Values.SelectMany(idle => idle))
        {
            process.Dispose();
        }

        All.Clear();
    }
}
