using System.ComponentModel;
using Xunit;

namespace Splice.TestKit.Processes;

/// <summary>The system's own tools.</summary>
internal static class Command
{
    /// <summary>What a tool said and how it ended.</summary>
    internal sealed record Output(int ExitCode, string Text, string Errors);

    public static bool Exists(string program) => Find(program) is not null;

    /// <summary>Skips the test where a tool is not installed.</summary>
    public static void Require(params string[] programs)
    {
        foreach (string program in programs)
        {
            Assert.SkipUnless(Exists(program), $"{program} is not installed");
        }
    }

    /// <summary>Skips the test for everyone but root.</summary>
    public static void RequireRoot() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can do this");

    /// <summary>Runs a tool to its end.</summary>
    public static Output Run(string program, params string[] arguments)
    {
        try
        {
            using var process = new ChildProcess([Find(program) ?? program, .. arguments]);
            return Finish(process);
        }
        catch (Win32Exception exception)
        {
            return new Output(127, string.Empty, exception.Message);
        }
    }

    /// <summary>Gives a process no input, and waits for its end.</summary>
    public static Output Finish(ChildProcess process)
    {
        process.CloseInput();
        string text = process.ReadToEnd();
        return new Output(process.WaitForExit(), text.Trim(), process.Errors.Trim());
    }

    /// <summary>Runs a tool that must succeed, and answers what it printed.</summary>
    public static string Check(string program, params string[] arguments)
    {
        Output output = Run(program, arguments);
        return output.ExitCode == 0
            ? output.Text
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {output.Errors} {output.Text}");
    }

    /// <summary>Root's tools are not on everyone's path.</summary>
    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? string.Empty)
        .Split(':').Append("/sbin").Append("/usr/sbin")
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);
}
