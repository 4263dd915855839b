using System.Text.Json;
using Xunit;

namespace Splice.Tests.Measuring;

/// <summary>File systems and kernels that can do less than those of this machine.</summary>
public sealed class MeasurementFaultTests : IDisposable
{
    // The folder itself is opened first. Every second time after that it is a file without a name, and then one with a name.
    private const string NoUnnamedFiles = "inject=openat:error=EOPNOTSUPP:when=2+2";

    private readonly Workspace _source = Workspace.InMemory();
    private readonly Workspace _destination = Workspace.InMemory();
    private readonly Workspace _logs = new();

    public void Dispose()
    {
        _source.Dispose();
        _destination.Dispose();
        _logs.Dispose();
    }

    [Fact]
    public void Without_unnamed_files_hidden_ones_are_made_and_removed()
    {
        Answer answer = Measure("-P", _destination.Folder, "-e", "trace=openat", "-e", NoUnnamedFiles);

        Assert.Contains(".splice-", File.ReadAllText(_logs["trace"]), StringComparison.Ordinal);
        Assert.Equal(["SendFile", "Splice", "ReadWrite", "StreamCopyTo", "FileCopy"], answer.Measured!.TakeLast(5));
        AssertNothingIsLeft();
    }

    [Fact]
    public void They_are_removed_after_an_error()
    {
        // In /proc nobody can make a file, which shows when the data are there.
        Answer answer = MeasureTo("/proc/self", "-P", _source.Folder, "-e", "trace=openat,unlinkat", "-e", NoUnnamedFiles);

        Assert.Matches(@"unlinkat\(\d+, ""\.splice-\w+\.tmp"", 0\) = 0", File.ReadAllText(_logs["trace"]));
        Assert.NotNull(answer.Error);
        AssertNothingIsLeft();
    }

    [Fact]
    public void A_method_that_is_refused_only_when_bytes_are_to_be_moved_is_not_run()
    {
        // The first call is a question without bytes.
        Answer answer = Measure("-e", "trace=copy_file_range", "-e", "inject=copy_file_range:error=EOPNOTSUPP:when=2+");

        Assert.Contains("CopyFileRange EOPNOTSUPP", answer.Refused!);
        Assert.DoesNotContain("CopyFileRange", answer.Measured!);
        Assert.Equal(answer.Measured![0], answer.Auto);
        AssertNothingIsLeft();
    }

    private void AssertNothingIsLeft()
    {
        Assert.Empty(_source.Names);
        Assert.Empty(_destination.Names);
    }

    private Answer Measure(params string[] options) => MeasureTo(_destination.Folder, options);

    private Answer MeasureTo(string destination, params string[] options)
    {
        Command.Output output = TestHost.Run(
            ["strace", "-f", "-qq", "-o", _logs["trace"], .. options], "--measure", _source.Folder, destination);
        Assert.True(output.Text.StartsWith('{'), output.Errors);
        return JsonSerializer.Deserialize<Answer>(output.Text)!;
    }

    /// <summary>What the host says: the method that Auto takes, and those that were measured and refused; or the error.</summary>
    private sealed record Answer(string? Auto, string[]? Measured, string[]? Refused, string? Error);
}
