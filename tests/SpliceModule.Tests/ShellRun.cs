using System.Management.Automation;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>What a script did.</summary>
/// <param name="Output">What it emitted.</param>
/// <param name="Streams">What it wrote to the other streams.</param>
/// <param name="State">How it ended.</param>
/// <param name="Failure">What ended it, if something did.</param>
public sealed record ShellRun(
    IReadOnlyList<PSObject> Output, PSDataStreams Streams, PSInvocationState State, ErrorRecord? Failure)
{
    public IReadOnlyList<ErrorRecord> Errors { get; } = [.. Streams.Error];

    public IReadOnlyList<string> Verbose { get; } = [.. Streams.Verbose.Select(record => record.Message)];

    public IReadOnlyList<ProgressRecord> Progress { get; } = [.. Streams.Progress];

    /// <summary>A property of the only object that was emitted, where nothing went wrong.</summary>
    /// <param name="property">Its name.</param>
    public object? this[string property]
    {
        get
        {
            Assert.Null(Failure);
            Assert.Empty(Errors);
            return Assert.Single(Output).Properties[property].Value;
        }
    }

    /// <summary>A property of all objects, as text.</summary>
    /// <param name="property">Its name.</param>
    public IEnumerable<string?> All(string property) => Output.Select(item => item.Properties[property].Value?.ToString());

    /// <summary>Exactly one error was written, and nothing emitted.</summary>
    /// <param name="id">The error's id, without the cmdlet.</param>
    /// <param name="category">Its category.</param>
    /// <param name="target">What it is about.</param>
    /// <param name="words">What its message says among other things.</param>
    public void FailedWith(string id, ErrorCategory category, string target, params string[] words)
    {
        Assert.Null(Failure);
        Assert.Empty(Output);
        ErrorRecord error = Assert.Single(Errors);
        Assert.Matches($"^{id},Splice\\.Commands\\.(CopyItemZeroCopy|InvokeSplice)Command$", error.FullyQualifiedErrorId);
        Assert.Equal(category, error.CategoryInfo.Category);
        Assert.Equal(target, error.TargetObject);
        foreach (string word in words)
        {
            Assert.Contains(word, error.Exception.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>The user's parameters did not bind, and nothing ran.</summary>
    /// <param name="id">The error's id, without the cmdlet.</param>
    public void DidNotBind(string id)
    {
        Assert.StartsWith($"{id},Splice.Commands.", Assert.Single(Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Empty(Output);
    }

    /// <summary>It was stopped, and left neither output nor errors.</summary>
    public void WasStopped()
    {
        Assert.Equal(PSInvocationState.Stopped, State);
        Assert.Empty(Output);
        Assert.Empty(Errors);
    }
}
