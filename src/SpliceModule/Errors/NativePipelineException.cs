using System.Management.Automation;
using System.Management.Automation.Language;

namespace Splice.Errors;

/// <summary>A script block is no pipeline of native commands.</summary>
internal sealed class NativePipelineException : Exception
{
    private NativePipelineException(string id, ErrorCategory category, string target, string problem, string cure)
        : base($"{problem} {cure}")
    {
        Id = id;
        Category = category;
        Target = target;
        Problem = problem;
        RecommendedAction = cure;
    }

    /// <summary>For scripts to match.</summary>
    public string Id { get; }

    public ErrorCategory Category { get; }

    /// <summary>The part of the block that it is about.</summary>
    public string Target { get; }

    /// <summary>What is wrong with it.</summary>
    public string Problem { get; }

    /// <summary>What to do about it.</summary>
    public string RecommendedAction { get; }

    /// <summary>The block has what cannot be run so.</summary>
    public static NativePipelineException Syntax(IScriptExtent extent, string reason, string cure) =>
        new("NotNativePipeline", ErrorCategory.SyntaxError, extent.Text, $"'{extent.Text}': {reason}", cure);

    /// <summary>There is no program of a name.</summary>
    public static NativePipelineException NotFound(string name) => new("CommandNotFound", ErrorCategory.ObjectNotFound, name,
        $"No command '{name}' was found.",
        "Check the name and $env:PATH; a program in $PWD needs ./ before its name.");
}
