using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;
using Splice.Errors;

namespace Splice.Binding;

/// <summary>Finds the program that a command of a block means, as PowerShell finds it.</summary>
internal static class CommandFinder
{
    /// <summary>The program.</summary>
    /// <param name="ast">The command.</param>
    /// <param name="scope">Where it was written.</param>
    /// <param name="name">The name to call it by.</param>
    /// <exception cref="NativePipelineException">It is no native command, or there is none.</exception>
    public static ApplicationInfo Find(CommandAst ast, CallerScope scope, out string name)
    {
        CommandElementAst first = ast.CommandElements[0];
        object? value = first switch
        {
            StringConstantExpressionAst text => text.Value,
            ExpressionAst expression => scope.Evaluate(expression),
            _ => first.Extent.Text,
        };
        value = value is PSObject wrapped ? wrapped.BaseObject : value;
        CommandInfo? found = value as CommandInfo;
        if (found is null)
        {
            string wanted = LanguagePrimitives.ConvertTo<string>(value) ?? string.Empty;
            found = value is ScriptBlock || wanted.Length == 0
                ? throw NativePipelineException.Syntax(first.Extent, "This is no native command.", "Name a program, or give & a variable with its path.")
                : scope.Find(wanted)
                ?? throw NativePipelineException.NotFound(wanted);
        }

        CommandInfo meant = found;
        while (meant is AliasInfo { ReferencedCommand: { } next })
        {
            meant = next;
        }

        if (meant is not ApplicationInfo program)
        {
            string what = meant is AliasInfo alias ? $"stands for '{alias.Definition}', which is no native command"
                : ReferenceEquals(meant, found) ? $"is no native command, but of the kind {meant.CommandType}"
                : $"stands for '{meant.Name}', which is no native command, but of the kind {meant.CommandType}";
            throw NativePipelineException.Syntax(first.Extent,
                $"It {what}, and has no pipes of the kernel.",
                $"Use PowerShell's own pipeline for it; where a program of this name is meant, give its path, or & (Get-Command -CommandType Application {found.Name})[0].");
        }

        string written = value as string ?? program.Name;
        name = written.Contains('/', StringComparison.Ordinal) ? program.Path : program.Name;
        return program;
    }
}

/// <summary>The environment that commands are started with.</summary>
internal static class ProcessEnvironment
{
    /// <summary>PowerShell's ($env:), with changes.</summary>
    /// <param name="changes">Names and values; null takes a variable away.</param>
    public static IReadOnlyDictionary<string, string> With(IDictionary changes)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            environment[(string)variable.Key] = (string?)variable.Value ?? string.Empty;
        }

        foreach (DictionaryEntry change in changes)
        {
            string name = LanguagePrimitives.ConvertTo<string>(change.Key) ?? string.Empty;
            if (change.Value is null)
            {
                environment.Remove(name);
            }
            else
            {
                environment[name] = LanguagePrimitives.ConvertTo<string>(change.Value) ?? string.Empty;
            }
        }

        return environment;
    }
}

/// <summary>Whether what a cmdlet writes goes to the host's own output, and nowhere else. PowerShell asks this for its native
/// commands, which write to the terminal themselves then; it has no public answer, so its own members are asked. An engine
/// without them gets everything as objects, which loses nothing but the terminal.</summary>
internal static class HostStreams
{
    private const BindingFlags Members = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>True if nobody takes the cmdlet's output but the host.</summary>
    public static bool OutputGoesToHost(PSCmdlet command) => IsHost(Get(command.CommandRuntime, "OutputPipe"));

    /// <summary>True if the cmdlet's errors are among its output (2>&amp;1).</summary>
    public static bool ErrorsGoToOutput(PSCmdlet command) => Get(command.CommandRuntime, "ErrorMergeTo")?.ToString() == "Output";

    /// <summary>True if nobody takes the cmdlet's errors but the host.</summary>
    public static bool ErrorsGoToHost(PSCmdlet command) =>
        ErrorsGoToOutput(command)
            ? OutputGoesToHost(command)
            : IsHost(Get(command.CommandRuntime, "ErrorOutputPipe"));

    private static bool IsHost(object? pipe) =>
        Get(Get(pipe, "DownstreamCmdlet"), "CommandInfo") is CommandInfo { Name: "Out-Default" };

    private static object? Get(object? owner, string property) => owner?.GetType().GetProperty(property, Members)?.GetValue(owner);
}
