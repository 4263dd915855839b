using System.Text.Json;
using Xunit;

namespace Splice.Tests.Probing;

/// <summary>What a filter forbids is known before a copy meets it.</summary>
public sealed class MethodTestFaultTests : IDisposable
{
    private readonly Workspace _folder = Workspace.InMemory();
    private readonly Workspace _logs = new();

    public MethodTestFaultTests() => _folder.WriteRandom("source", 300_000);

    public void Dispose()
    {
        _folder.Dispose();
        _logs.Dispose();
    }

    [Theory]
    [InlineData("ioctl", "EPERM")]
    [InlineData("ioctl", "ENOSYS")]
    [InlineData("ioctl,copy_file_range", "EPERM")]
    [InlineData("ioctl,copy_file_range", "ENOSYS")]
    [InlineData("ioctl,copy_file_range,sendfile", "EPERM")]
    [InlineData("ioctl,copy_file_range,sendfile,splice", "EPERM")]
    [InlineData("ioctl,copy_file_range,sendfile,splice", "ENOSYS")]
    public void A_forbidden_call_is_told_as_the_copy_tells_it(string calls, string errno)
    {
        string[] filter = ["-e", $"trace={calls}", "-e", $"inject={calls}:error={errno}"];

        Report report = Ask(filter);
        HostAnswer copied = HostedCopy.Run(
            new CopyRequest { Source = _folder["source"], Destination = _folder["copy"] }, [.. Strace, .. filter]);

        Assert.True(copied.Succeeded, copied.Message);
        Assert.Equal(copied.Method, report.Chosen);
        Assert.Equal(copied.Attempts, report.Refused);
        Assert.Equal(calls.Split(',').Length, report.Refused.Length);
    }

    [Fact]
    public void Without_unnamed_files_nothing_is_made_and_nothing_promised()
    {
        Report report = Ask("-P", _folder.Folder, "-e", "trace=openat", "-e", "inject=openat:error=EOPNOTSUPP:when=2");

        Assert.Contains("(INJECTED)", File.ReadAllText(_logs["trace"]), StringComparison.Ordinal);
        Assert.Contains("may be unsupported", report.Texts[1], StringComparison.Ordinal);
        Assert.Equal(["source"], _folder.Names);
    }

    [Theory]
    [InlineData("fifo", "new")]
    [InlineData("source", "fifo")]
    [InlineData("device", "new")]
    [InlineData("source", "device")]
    public void What_would_notice_is_not_opened(string source, string destination)
    {
        Command.RequireRoot();
        Posix.MakeFifo(_folder["fifo"]);
        Posix.MakeNullDevice(_folder["device"]);

        AskOf(_folder[source], _folder[destination], "-e", "trace=%file");

        string[] opened = [.. File.ReadLines(_logs["trace"]).Where(line => line.Contains(" openat(", StringComparison.Ordinal))];
        Assert.Contains(opened, line => line.Contains("SpliceCore", StringComparison.Ordinal));
        Assert.DoesNotContain(opened, line => !line.Contains("O_PATH", StringComparison.Ordinal)
            && (line.Contains(_folder["fifo"], StringComparison.Ordinal) || line.Contains(_folder["device"], StringComparison.Ordinal)));
    }

    private string[] Strace => ["strace", "-f", "-qq", "-o", _logs["trace"]];

    private Report Ask(params string[] options) => AskOf(_folder["source"], _folder["copy"], options);

    private Report AskOf(string source, string destination, params string[] options)
    {
        Command.Output output = TestHost.Run([.. Strace, .. options], "--report", source, destination);
        Assert.True(output.ExitCode == 0, $"{output}");
        return JsonSerializer.Deserialize<Report>(output.Text)!;
    }

    /// <summary>What the host says: the method that a copy would begin with, the refusals before it, and all reports.</summary>
    private sealed record Report(string Chosen, string[] Refused, string[] Texts);
}
