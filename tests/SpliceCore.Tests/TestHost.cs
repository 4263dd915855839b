using Splice.Tests.FileSystems;
using Xunit;

namespace Splice.Tests;

/// <summary>Starts SpliceCore.TestHost, which does in a process of its own what can be traced, limited and killed.</summary>
internal static class TestHost
{
    private static readonly Dictionary<string, string> Environment = new()
    {
        // A process that is killed would leave the debugger's pipes behind.
        ["DOTNET_EnableDiagnostics"] = "0",

        // Write protection of code calls ftruncate(2).
        ["DOTNET_EnableWriteXorExecute"] = "0",
    };

    /// <summary>The host's own output folder: tests/SpliceCore.TestHost/bin/, beside this one's.</summary>
    private static string HostPath
    {
        get
        {
            var output = new DirectoryInfo(AppContext.BaseDirectory);
            return Path.GetFullPath(Path.Combine(
                output.FullName, "../../../../SpliceCore.TestHost/bin", output.Parent!.Name, output.Name, "SpliceCore.TestHost.dll"));
        }
    }

    /// <summary>Starts it; skips the test where the wrapper is not installed.</summary>
    /// <param name="wrapper">A tool and its arguments that start the process, strace(1) say.</param>
    /// <param name="arguments">The host's arguments.</param>
    public static ChildProcess Start(string[] wrapper, params string[] arguments)
    {
        Assert.SkipUnless(Command.Exists(wrapper.FirstOrDefault("dotnet")), $"{wrapper.FirstOrDefault()} is not installed");
        return new ChildProcess([.. wrapper, "dotnet", HostPath, .. arguments], Environment);
    }

    /// <summary>Runs it to its end.</summary>
    public static Command.Output Run(string[] wrapper, params string[] arguments)
    {
        using ChildProcess host = Start(wrapper, arguments);
        return Command.Finish(host);
    }

    /// <summary>Starts one that takes requests line by line, when it is ready.</summary>
    public static ChildProcess StartServer(string[] wrapper, params string[] arguments)
    {
        ChildProcess host = Start(wrapper, arguments);
        string? word = host.ReadLine();
        Assert.True(word == "ready", $"{word} {(word is null ? host.Errors : string.Empty)}");
        return host;
    }
}
