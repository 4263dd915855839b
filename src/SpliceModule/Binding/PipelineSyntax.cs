using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;
using Splice.Errors;

namespace Splice.Binding;

/// <summary>What a script block must be to be run as a pipeline of native commands: one pipeline, and nothing else.</summary>
internal static class PipelineSyntax
{
    /// <summary>The commands of a block, in their order.</summary>
    /// <param name="block">The block.</param>
    /// <exception cref="NativePipelineException">It is something else.</exception>
    public static IReadOnlyList<CommandAst> Commands(ScriptBlock block)
    {
        var ast = (ScriptBlockAst)block.Ast;
        if (ast is not { ParamBlock: null, BeginBlock: null, ProcessBlock: null, DynamicParamBlock: null, EndBlock: { Traps: null } end })
        {
            throw NativePipelineException.Syntax(ast.Extent,
                "The block has parameters, named blocks or traps.",
                "Give it the commands alone, and evaluate what they need before.");
        }

        if (end.Statements.Count != 1)
        {
            throw NativePipelineException.Syntax(ast.Extent, $"The block has {end.Statements.Count} statements where one pipeline of commands is wanted: {{ command | command }}.", "Run them one after the other.");
        }

        if (end.Statements[0] is not PipelineAst pipeline)
        {
            throw NativePipelineException.Syntax(end.Statements[0].Extent,
                "The block has an assignment, a condition, a loop or a chain (&&, ||) where one pipeline of commands is wanted.",
                "Put it outside the block.");
        }

        string rest = ast.Extent.Text[(pipeline.Extent.EndOffset - ast.Extent.StartOffset)..];
        if (rest.TrimStart().StartsWith('&'))
        {
            throw NativePipelineException.Syntax(ast.Extent, "Commands of the block cannot run in the background (&).", "Use Start-ThreadJob around the cmdlet.");
        }

        return [.. pipeline.PipelineElements.Select(AsCommand)];
    }

    private static CommandAst AsCommand(CommandBaseAst element) => element as CommandAst ?? throw NativePipelineException.Syntax(element.Extent,
        "An expression is no native command.",
        "Give the first command a file with -InputPath, or pass the value as an argument.");
}

/// <summary>The scope in which the caller wrote a script block: parts of the block are evaluated there, as if PowerShell did
/// it.</summary>
internal sealed class CallerScope
{
    // What ties a block to the module or script that it was written in. Pester moves blocks by it as well. Without it, a block
    // that was handed to another module's function is evaluated there.
    private static readonly PropertyInfo? Home =
        typeof(ScriptBlock).GetProperty("SessionStateInternal", BindingFlags.Instance | BindingFlags.NonPublic);

    private readonly PSCmdlet _command;
    private readonly ScriptBlock _block;
    private readonly object[] _arguments;

    /// <param name="command">Who was called.</param>
    /// <param name="block">The block.</param>
    public CallerScope(PSCmdlet command, ScriptBlock block)
    {
        _command = command;
        _block = block;
        _arguments = command.GetVariableValue("args") as object[] ?? [];
    }

    /// <summary>What a name stands for; null for nothing.</summary>
    public CommandInfo? Find(string name) => _command.InvokeCommand.GetCommand(name, CommandTypes.All);

    /// <summary>The value of an expression, whole: an array stays one. Its errors go where the caller's go.</summary>
    public object? Evaluate(ExpressionAst expression)
    {
        // An array of one: what the pipeline takes apart is this, not the value.
        IScriptExtent extent = expression.Extent;
        var array = new ArrayLiteralAst(extent, [(ExpressionAst)expression.Copy()]);
        var statement = new PipelineAst(extent, new CommandExpressionAst(extent, array, redirections: null));
        var body = new StatementBlockAst(extent, [statement], traps: null);
        ScriptBlock evaluation = new ScriptBlockAst(extent, paramBlock: null, body, isFilter: false).GetScriptBlock();
        Home?.SetValue(evaluation, Home.GetValue(_block));
        return evaluation.InvokeWithContext(functionsToDefine: null, variablesToDefine: null, _arguments) is [PSObject value, ..] ? value : null;
    }
}

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
