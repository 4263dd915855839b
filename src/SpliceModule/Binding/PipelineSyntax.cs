using System.Management.Automation;
using System.Management.Automation.Language;
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
