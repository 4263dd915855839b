using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;
using Splice.Output;

namespace Splice.NativeBinding;

/// <summary>The syntax of a block of native commands: one pipeline, and nothing else.</summary>
internal static class PipelineSyntax
{
    /// <summary>Returns the commands of a block, in their order.</summary>
    /// <exception cref="BindingException">It is not a pipeline of native commands.</exception>
    public static IReadOnlyList<CommandAst> Commands(ScriptBlock block)
    {
        var ast = (ScriptBlockAst)block.Ast;
        if (ast is not { ParamBlock: null, BeginBlock: null, ProcessBlock: null, DynamicParamBlock: null, EndBlock: { Traps: null } end })
        {
            throw BindingException.Syntax(ast.Extent,
                "The block has parameters, named blocks or traps.",
                "Put only the commands in it, and compute other values before the call.");
        }

        if (end.Statements.Count != 1)
        {
            throw BindingException.Syntax(ast.Extent,
                $"The block has {end.Statements.Count} statements instead of one pipeline of commands: {{ command | command }}.",
                "Run them one after the other.");
        }

        if (end.Statements[0] is not PipelineAst pipeline)
        {
            throw BindingException.Syntax(end.Statements[0].Extent,
                "The block has an assignment, a condition, a loop or a chain (&&, ||) instead of one pipeline of commands.",
                "Put it outside the block.");
        }

        string rest = ast.Extent.Text[(pipeline.Extent.EndOffset - ast.Extent.StartOffset)..];
        if (rest.TrimStart().StartsWith('&'))
        {
            throw BindingException.Syntax(ast.Extent, "Commands of the block cannot run in the background (&).", "Use Start-ThreadJob around the cmdlet.");
        }

        return [.. pipeline.PipelineElements.Select(AsCommand)];
    }

    private static CommandAst AsCommand(CommandBaseAst element) => element as CommandAst ?? throw BindingException.Syntax(element.Extent,
        "An expression is not a native command.",
        "Use -InputPath to read a file, or pass the value as an argument.");
}

/// <summary>The scope in which the caller wrote a script block. Parts of the block are evaluated there, as PowerShell does it.</summary>
internal sealed class CallerScope(PSCmdlet command, ScriptBlock block)
{
    // Ties a block to the module or script that it was written in; Pester moves blocks by it as well. Without it, a block that
    // was passed to another module's function is evaluated there.
    private static readonly PropertyInfo? SessionState =
        typeof(ScriptBlock).GetProperty("SessionStateInternal", BindingFlags.Instance | BindingFlags.NonPublic);

    private readonly object[] _arguments = command.GetVariableValue("args") as object[] ?? [];

    public PSCmdlet Command => command;

    /// <summary>Returns the command of a name; null if there is none.</summary>
    public CommandInfo? Find(string name) => command.InvokeCommand.GetCommand(name, CommandTypes.All);

    /// <summary>True if there is a program of a name, also where another command precedes it.</summary>
    public bool HasProgram(string name) => command.InvokeCommand.GetCommand(name, CommandTypes.Application) is not null;

    /// <summary>Returns the value of an expression: an array stays one. Its errors go where the caller's go.</summary>
    public object? Evaluate(ExpressionAst expression)
    {
        // The pipeline enumerates this array of one, not the value.
        IScriptExtent extent = expression.Extent;
        var array = new ArrayLiteralAst(extent, [(ExpressionAst)expression.Copy()]);
        var statement = new PipelineAst(extent, new CommandExpressionAst(extent, array, redirections: null));
        var body = new StatementBlockAst(extent, [statement], traps: null);
        ScriptBlock evaluation = new ScriptBlockAst(extent, paramBlock: null, body, isFilter: false).GetScriptBlock();
        SessionState?.SetValue(evaluation, SessionState.GetValue(block));
        return evaluation.InvokeWithContext(functionsToDefine: null, variablesToDefine: null, _arguments) is [PSObject value, ..] ? value : null;
    }
}

/// <summary>Finds the program of a command, as PowerShell finds it.</summary>
internal static class CommandFinder
{
    /// <summary>Returns the program of a command, and the name to start it by.</summary>
    /// <exception cref="BindingException">It is not a native command, or is not found.</exception>
    public static ApplicationInfo Find(CommandAst ast, CallerScope scope, out string name)
    {
        CommandElementAst first = ast.CommandElements[0];
        object? value = first switch
        {
            StringConstantExpressionAst text => text.Value,
            ExpressionAst expression => scope.Evaluate(expression).Unwrap(),
            _ => first.Extent.Text,
        };
        CommandInfo? found = value as CommandInfo;
        if (found is null)
        {
            string wanted = LanguagePrimitives.ConvertTo<string>(value) ?? string.Empty;
            found = value is ScriptBlock || wanted.Length == 0
                ? throw BindingException.Syntax(first.Extent, "This is not a native command.", "Specify a program, or & and a variable with its path.")
                : scope.Find(wanted)
                ?? throw BindingException.CommandNotFound(wanted);
        }

        CommandInfo resolved = found;
        while (resolved is AliasInfo { ReferencedCommand: { } next })
        {
            resolved = next;
        }

        if (resolved is not ApplicationInfo program)
        {
            string kind = resolved is AliasInfo alias ? $"stands for '{alias.Definition}', which was not found"
                : $"{(ReferenceEquals(resolved, found) ? "is" : $"stands for '{resolved.Name}',")} {KindOf(resolved)}";
            string other = scope.HasProgram(found.Name)
                ? $" For the program of this name, use & (Get-Command -CommandType Application {found.Name})[0]."
                : string.Empty;
            throw BindingException.NotNative(first.Extent, kind, $"Use the PowerShell pipeline for it.{other}");
        }

        string written = value as string ?? program.Name;
        name = written.Contains('/', StringComparison.Ordinal) ? program.Path : program.Name;
        return program;
    }

    private static string KindOf(CommandInfo command) => command.CommandType switch
    {
        CommandTypes.Cmdlet => "a cmdlet",
        CommandTypes.ExternalScript => "a script",
        _ => "a function",
    };
}

/// <summary>The environment of the commands.</summary>
internal static class ProcessEnvironment
{
    /// <summary>Returns PowerShell's environment ($env:) with changes: names and values, where null removes a variable.</summary>
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
            environment.Remove(name);
            if (change.Value is not null)
            {
                environment[name] = LanguagePrimitives.ConvertTo<string>(change.Value) ?? string.Empty;
            }
        }

        return environment;
    }
}
