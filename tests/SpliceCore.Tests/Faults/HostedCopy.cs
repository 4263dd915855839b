using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Splice.Tests.Faults;

/// <summary>A copy in a process of its own, which can be traced, limited, and killed.</summary>
internal sealed class HostedCopy : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    private HostedCopy(CopyRequest request, string[] wrapper, params string[] options)
    {
        Assert.SkipUnless(FileSystems.Command.Exists(wrapper.FirstOrDefault("dotnet")), $"{wrapper.FirstOrDefault()} is not installed");
        string[] command = [.. wrapper, "dotnet", HostPath, .. options, JsonSerializer.Serialize(request)];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // A process that is killed would leave the debugger's pipes behind; write protection of code calls ftruncate(2).
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    public string Id => _process.Id.ToString(CultureInfo.InvariantCulture);

    /// <summary>The host's own output folder: tests/SpliceCore.TestHost/bin/, beside this one's.</summary>
    public static string HostPath
    {
        get
        {
            var output = new DirectoryInfo(AppContext.BaseDirectory);
            return Path.GetFullPath(Path.Combine(
                output.FullName, "../../../../SpliceCore.TestHost/bin", output.Parent!.Name, output.Name, "SpliceCore.TestHost.dll"));
        }
    }

    /// <summary>Runs a copy to its end.</summary>
    /// <param name="request">What to copy.</param>
    /// <param name="wrapper">A tool and its arguments that start the process, strace(1) say.</param>
    public static HostAnswer Run(CopyRequest request, params string[] wrapper)
    {
        using var copy = new HostedCopy(request, wrapper);
        return copy.Finish();
    }

    /// <summary>Runs a copy as a user who is nobody in particular.</summary>
    public static HostAnswer RunAsNobody(CopyRequest request)
    {
        FileSystems.Command.RequireRoot();
        return Run(request, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
    }

    /// <summary>Starts a copy and does not wait for it.</summary>
    public static HostedCopy Start(CopyRequest request, params string[] wrapper) => new(request, wrapper);

    /// <summary>Starts a process that copies when <see cref="Finish"/> is called.</summary>
    /// <param name="request">What to copy.</param>
    /// <param name="rehearses">Whether it has everything loaded by then.</param>
    public static HostedCopy StartAndHold(CopyRequest request, bool rehearses = true)
    {
        var copy = new HostedCopy(request, [], rehearses ? "--wait" : "--hold");
        Assert.Equal("ready", copy._process.StandardOutput.ReadLine());
        return copy;
    }

    /// <summary>Sends a signal and waits for the end.</summary>
    /// <returns>The exit code: 128 and the signal's number, where that ended the process.</returns>
    public int Kill(string signal)
    {
        FileSystems.Command.Check("kill", "-s", signal, Id);
        _process.WaitForExit();
        return _process.ExitCode;
    }

    /// <summary>Lets a held process go on, and kills it in the middle.</summary>
    /// <param name="isTime">Tells when, unless it ends by itself before.</param>
    /// <returns>Its answer; null where the kill came first.</returns>
    public HostAnswer? ReleaseAndKill(Func<bool> isTime)
    {
        _process.StandardInput.Close();
        while (!isTime() && !_process.HasExited)
        {
            Thread.SpinWait(100);
        }

        _process.Kill();
        string text = _process.StandardOutput.ReadToEnd();
        _process.WaitForExit();
        return text.EndsWith("}\n", StringComparison.Ordinal) ? JsonSerializer.Deserialize<HostAnswer>(text) : null;
    }

    /// <summary>Lets a held process go on, and waits for its answer.</summary>
    public HostAnswer Finish()
    {
        _process.StandardInput.Close();
        string text = _process.StandardOutput.ReadToEnd();
        _process.WaitForExit();
        return text.StartsWith('{')
            ? JsonSerializer.Deserialize<HostAnswer>(text)! with { ExitCode = _process.ExitCode }
            : throw new InvalidOperationException(
                $"The process ended with {_process.ExitCode} and without an answer: {text}{_errors.Result}");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
