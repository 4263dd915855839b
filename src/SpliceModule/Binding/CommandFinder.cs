using System.Management.Automation;
using System.Management.Automation.Language;
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
