using System.Management.Automation.Language;
using Splice.Errors;

namespace Splice.Binding;

/// <summary>The redirections of a command: of its standard error, to its output or to a file.</summary>
internal static class ErrorRedirection
{
    private const string Nowhere = "/dev/null"; // $null

    /// <summary>The command with its redirections.</summary>
    /// <param name="command">The command.</param>
    /// <param name="ast">Its text.</param>
    /// <param name="scope">Where it was written.</param>
    /// <param name="resolve">Makes a full path of a path.</param>
    /// <exception cref="NativePipelineException">It has others.</exception>
    public static NativeCommand Apply(NativeCommand command, CommandAst ast, CallerScope scope, Func<string, string> resolve)
    {
        foreach (RedirectionAst redirection in ast.Redirections)
        {
            command = redirection switch
            {
                MergingRedirectionAst { FromStream: RedirectionStream.Error, ToStream: RedirectionStream.Output } =>
                    command with { ErrorTarget = ErrorTarget.Output },
                FileRedirectionAst { FromStream: RedirectionStream.Error } file => command with
                {
                    ErrorTarget = ErrorTarget.File,
                    ErrorFile = Path(file.Location, scope) is { Length: > 0 } path ? resolve(path) : Nowhere,
                    AppendsErrors = file.Append,
                },
                FileRedirectionAst { FromStream: RedirectionStream.Output } =>
                    throw NativePipelineException.Syntax(redirection.Extent, "The output cannot be redirected here.", "Output goes to a file with -OutputPath, and -Append adds to it."),
                _ => throw NativePipelineException.Syntax(redirection.Extent,
                    "Native commands have an output and an error stream, of which the second can be redirected here.", "Write 2>&1, 2>file or 2>>file."),
            };
        }

        return command;
    }

    private static string? Path(ExpressionAst location, CallerScope scope) =>
        location is StringConstantExpressionAst text ? text.Value : scope.Evaluate(location)?.ToString();
}
