using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Splice.Tests.Faults;

/// <summary>A process of its own that copies trees, one after the other, and can be traced, limited and killed.</summary>
internal sealed class TreeHostProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    /// <param name="wrapper">A tool and its arguments that start the process, setpriv(1) say.</param>
    public TreeHostProcess(params string[] wrapper)
    {
        Assert.SkipUnless(FileSystems.Command.Exists(wrapper.FirstOrDefault("dotnet")), $"{wrapper.FirstOrDefault()} is not installed");
        string[] command = [.. wrapper, "dotnet", HostedCopy.HostPath, "--trees"];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
        string? word = _process.StandardOutput.ReadLine();
        Assert.True(word == "ready", $"{word} {(word is null ? _errors.Result : string.Empty)}");
    }

    public string Id => _process.Id.ToString(CultureInfo.InvariantCulture);

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
        _process.StandardInput.WriteLine();
        _process.StandardInput.Flush();
        return Answer<TreeHostState>();
    }

    /// <summary>What came of a copy that was begun.</summary>
    public TreeAnswer Finish() => Answer<TreeAnswer>();

    /// <summary>Has a tree copied and does not wait for it.</summary>
    public void Begin(TreeRequest request)
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(new
        {
            request.Copy,
            request.FollowSymlink,
            request.ThrottleLimit,
            request.AppliesToExistingFolders,
        }));
        _process.StandardInput.Flush();
    }

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    private TreeAnswer Ask<T>(string what, T request)
    {
        _process.StandardInput.WriteLine($"{what} {JsonSerializer.Serialize(request)}");
        _process.StandardInput.Flush();
        return Answer<TreeAnswer>();
    }

    private T Answer<T>() => _process.StandardOutput.ReadLine() is { } line
        ? JsonSerializer.Deserialize<T>(line)!
        : throw new InvalidOperationException($"The process ended without an answer: {_errors.Result}");

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(TimeSpan.FromSeconds(20)))
            {
                Kill();
            }
        }

        _process.Dispose();
    }
}
