using System.Text.Json;

namespace Splice.TestKit.Processes;

/// <summary>A process of its own that copies trees, one after the other, and can be traced, limited and killed.</summary>
internal sealed class TreeHostProcess : IDisposable
{
    private readonly ChildProcess _process;

    /// <param name="wrapper">A tool and its arguments that start the process, setpriv(1) say.</param>
    public TreeHostProcess(params string[] wrapper) => _process = TestHost.StartServer(wrapper, "--trees");

    public string Id => _process.Id;

    /// <summary>Has a tree copied.</summary>
    public TreeAnswer Copy(TreeRequest request)
    {
        Begin(request);
        return Answer<TreeAnswer>();
    }

    /// <summary>Has a file cut into parts.</summary>
    public TreeAnswer Split(SplitRequest request) => Ask("split", request);

    /// <summary>Has files joined.</summary>
    public TreeAnswer Join(JoinRequest request) => Ask("join", request);

    /// <summary>What the process has at present.</summary>
    public TreeHostState State()
    {
        _process.WriteLine(string.Empty);
        return Answer<TreeHostState>();
    }

    /// <summary>What came of a copy that was begun.</summary>
    public TreeAnswer Finish() => Answer<TreeAnswer>();

    /// <summary>Has a tree copied and does not wait for it.</summary>
    public void Begin(TreeRequest request)
    {
        _process.WriteLine(JsonSerializer.Serialize(new
        {
            request.Copy,
            request.FollowSymlink,
            request.ThrottleLimit,
            request.AppliesToExistingFolders,
        }));
    }

    public void Kill() => _process.Kill();

    private TreeAnswer Ask<T>(string what, T request)
    {
        _process.WriteLine($"{what} {JsonSerializer.Serialize(request)}");
        return Answer<TreeAnswer>();
    }

    private T Answer<T>() => _process.ReadLine() is { } line
        ? JsonSerializer.Deserialize<T>(line)!
        : throw new InvalidOperationException($"The process ended without an answer: {_process.Errors}");

    public void Dispose() => _process.Dispose();
}
