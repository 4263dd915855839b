using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;

namespace Splice.Binding;

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
