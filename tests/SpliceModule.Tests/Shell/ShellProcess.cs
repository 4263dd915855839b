using System.Diagnostics;

namespace Splice.ModuleTests.Shell;

/// <summary>What a run of the repository's own shell printed, and how it ended.</summary>
internal sealed record ShellProcess(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan HangGuard = TimeSpan.FromSeconds(60);

    /// <summary>Runs it to its end.</summary>
    public static ShellProcess Run(params string[] arguments) => RunWith(string.Empty, null, arguments);

    /// <summary>Runs it with an input, and does something while it runs.</summary>
    /// <param name="input">What standard input has, to its end.</param>
    /// <param name="meanwhile">What to do with the running process; may be null.</param>
    /// <param name="arguments">The command line.</param>
    public static ShellProcess RunWith(string input, Action<Process>? meanwhile, params string[] arguments)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        string shell = Path.Combine(
            Repository.Folder, "src", "SpliceShell", "bin", output.Parent!.Name, output.Name, "SpliceShell.dll");
        var start = new ProcessStartInfo("dotnet", [shell, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        Task<string> printed = process.StandardOutput.ReadToEndAsync();
        Task<string> failed = process.StandardError.ReadToEndAsync();
        meanwhile?.Invoke(process);
        if (!process.WaitForExit(HangGuard))
        {
            process.Kill();
            throw new TimeoutException("The shell does not end.");
        }

        return new ShellProcess(process.ExitCode, printed.Result, failed.Result);
    }
}
