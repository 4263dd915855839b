using System.Management.Automation;
using System.Reflection;

namespace Splice.Binding;

/// <summary>Whether what a cmdlet writes goes to the host's own output, and nowhere else. PowerShell asks this for its native
/// commands, which write to the terminal themselves then; it has no public answer, so its own members are asked. An engine
/// without them gets everything as objects, which loses nothing but the terminal.</summary>
internal static class HostStreams
{
    private const BindingFlags Members = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>Whether nobody takes the cmdlet's output but the host.</summary>
    public static bool OutputGoesToHost(PSCmdlet command) => IsHost(Get(command.CommandRuntime, "OutputPipe"));

    /// <summary>Whether the cmdlet's errors are among its output (2>&amp;1).</summary>
    public static bool ErrorsGoToOutput(PSCmdlet command) => Get(command.CommandRuntime, "ErrorMergeTo")?.ToString() == "Output";

    /// <summary>Whether nobody takes the cmdlet's errors but the host.</summary>
    public static bool ErrorsGoToHost(PSCmdlet command) =>
        ErrorsGoToOutput(command)
            ? OutputGoesToHost(command)
            : IsHost(Get(command.CommandRuntime, "ErrorOutputPipe"));

    private static bool IsHost(object? pipe) =>
        Get(Get(pipe, "DownstreamCmdlet"), "CommandInfo") is CommandInfo { Name: "Out-Default" };

    private static object? Get(object? owner, string property) => owner?.GetType().GetProperty(property, Members)?.GetValue(owner);
}
