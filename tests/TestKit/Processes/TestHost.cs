using Xunit;

namespace Splice.TestKit.Processes;

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

    private static readonly Lazy<string> HostPath = new(FindHost);

    /// <summary>Starts a process as a user without privileges.</summary>
    public static string[] PlainUser { get; } = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

    /// <summary>Starts it; skips the test where the wrapper is not installed.</summary>
    /// <param name="wrapper">A tool and its arguments that start the process, strace(1) say.</param>
    /// <param name="arguments">The host's arguments.</param>
    public static ChildProcess Start(string[] wrapper, params string[] arguments)
    {
        Emulator.Skip("a process of its own is not emulated");
        Assert.SkipUnless(Command.Exists(wrapper.FirstOrDefault("dotnet")), $"{wrapper.FirstOrDefault()} is not installed");
        return new ChildProcess([.. WithSeccomp(wrapper), "dotnet", HostPath.Value, .. arguments], Environment);
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

    /// <summary>Lets strace(1) stop the process only at the named calls: the start of a runtime makes thousands of others.</summary>
    public static string[] AtNamedCalls(string[] wrapper)
    {
        const string Inject = "inject=";
        string[] injected = [.. wrapper.Where(part => part.StartsWith(Inject, StringComparison.Ordinal)).Select(part => part[Inject.Length..part.IndexOf(':')])];
        bool names = wrapper.Any(part => part.StartsWith("trace=", StringComparison.Ordinal));
        return names || injected.Length == 0 ? wrapper : [.. wrapper, "-e", $"trace={string.Join(',', injected)}"];
    }

    /// <summary>With seccomp strace(1) injects errors, but no signals.</summary>
    private static string[] WithSeccomp(string[] wrapper) =>
        wrapper is ["strace", "-f" or "-ff", ..] && !wrapper.Any(part => part.Contains(":signal=", StringComparison.Ordinal))
            ? [.. AtNamedCalls(wrapper), "--seccomp-bpf"]
            : wrapper;

    /// <summary>The host has an output folder of its own: tests/SpliceCore.TestHost/bin/, beside this one's. Users without privileges
    /// have no access to a clone in root's home, and get a copy of it.</summary>
    private static string FindHost()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        string folder = Path.GetFullPath(
            Path.Combine(output.FullName, "../../../../SpliceCore.TestHost/bin", output.Parent!.Name, output.Name));
        if (Posix.IsRoot && Command.Run(PlainUser[0], [.. PlainUser[1..], "test", "-r", $"{folder}/SpliceCore.TestHost.dll"]).ExitCode != 0)
        {
            string copy = Directory.CreateTempSubdirectory("splice-test-host-").FullName;
            Command.Check("cp", "-r", $"{folder}/.", copy);
            Command.Check("chmod", "-R", "a+rX", copy);
            folder = copy;
        }

        return $"{folder}/SpliceCore.TestHost.dll";
    }
}
