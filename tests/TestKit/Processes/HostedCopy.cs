using System.Text.Json;
using Xunit;

namespace Splice.TestKit.Processes;

/// <summary>A copy in a process of its own, which can be traced, limited, and killed.</summary>
internal sealed class HostedCopy : IDisposable
{
    private readonly ChildProcess _process;

    private HostedCopy(CopyRequest request, string[] wrapper, params string[] options) =>
        _process = TestHost.Start(wrapper, [.. options, JsonSerializer.Serialize(request)]);

    public string Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    /// <summary>The answer; null while it copies.</summary>
    public string? EndReport => HasEnded ? $"{Finish()}" : null;

    /// <summary>Runs a copy to its end.</summary>
    /// <param name="request">What to copy.</param>
    /// <param name="wrapper">A tool and its arguments that start the process. strace(1) is attached to a shared process where that
    /// shows the same.</param>
    public static HostAnswer Run(CopyRequest request, params string[] wrapper)
    {
        if (wrapper.SequenceEqual(TestHost.PlainUser))
        {
            using TreeHostProcess user = TreeHostProcess.Shared(wrapper);
            return user.Copy(request);
        }

        if (AttachedFault.CanReplace(wrapper))
        {
            using TreeHostProcess host = TreeHostProcess.Shared();
            using var strace = new AttachedFault(host.Id, wrapper);
            return host.Copy(request);
        }

        using var copy = new HostedCopy(request, wrapper);
        return copy.Finish();
    }

    /// <summary>Runs a copy as a user who is nobody in particular.</summary>
    public static HostAnswer RunAsNobody(CopyRequest request)
    {
        Command.RequireRoot();
        return Run(request, TestHost.PlainUser);
    }

    /// <summary>Starts a copy and does not wait for it.</summary>
    public static HostedCopy Start(CopyRequest request, params string[] wrapper) => new(request, wrapper);

    /// <summary>Starts a process that copies when <see cref="Finish"/> is called.</summary>
    /// <param name="request">What to copy.</param>
    /// <param name="rehearses">Whether it has everything loaded by then.</param>
    public static HostedCopy StartAndHold(CopyRequest request, bool rehearses = true)
    {
        var copy = new HostedCopy(request, [], rehearses ? "--wait" : "--hold");
        Assert.Equal("ready", copy._process.ReadLine());
        return copy;
    }

    /// <summary>Sends a signal and waits for the end.</summary>
    /// <returns>The exit code: 128 and the signal's number, where that ended the process.</returns>
    public int Kill(string signal)
    {
        _process.Signal(signal);
        return _process.WaitForExit();
    }

    /// <summary>Lets a held process go on, and kills it in the middle.</summary>
    /// <param name="isTime">Tells when, unless it ends by itself before.</param>
    /// <returns>Its answer; null where the kill came first.</returns>
    public HostAnswer? ReleaseAndKill(Func<bool> isTime)
    {
        _process.CloseInput();
        long end = Environment.TickCount64 + (long)Wait.Limit.TotalMilliseconds;
        while (!isTime() && !_process.HasExited)
        {
            Assert.True(Environment.TickCount64 < end, "The copy does not end.");
            Thread.SpinWait(100);
        }

        _process.Kill();
        string text = _process.ReadToEnd();
        return text.EndsWith("}\n", StringComparison.Ordinal) ? JsonSerializer.Deserialize<HostAnswer>(text) : null;
    }

    /// <summary>Lets a held process go on, and waits for its answer.</summary>
    public HostAnswer Finish()
    {
        _process.CloseInput();
        string text = _process.ReadToEnd();
        int exitCode = _process.WaitForExit();
        return text.StartsWith('{')
            ? JsonSerializer.Deserialize<HostAnswer>(text)! with { ExitCode = exitCode }
            : throw new InvalidOperationException($"The process ended with {exitCode} and without an answer: {text}{_process.Errors}");
    }

    public void Dispose() => _process.Dispose();
}
