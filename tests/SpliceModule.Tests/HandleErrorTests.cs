using System.Collections;
using System.IO.Pipes;
using System.Management.Automation;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>The errors of Invoke-Splice.</summary>
public sealed class HandleErrorTests : IClassFixture<ModuleShell>, IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly ModuleShell _shell;
    private readonly FileStream _in;
    private readonly FileStream _out;
    private readonly AnonymousPipeServerStream _pipe = new(PipeDirection.Out);

    public HandleErrorTests(ModuleShell shell)
    {
        _shell = shell;
        _in = File.OpenRead(_workspace.Write("source", "source"u8.ToArray()));
        _out = File.Create(_workspace["target"]);
    }

    private string PipeName => new FileInfo($"/proc/self/fd/{_pipe.SafePipeHandle.DangerousGetHandle()}").LinkTarget!;

    [Theory]
    [InlineData("Offset", -1L, "NegativeOffset")]
    [InlineData("Count", -1L, "NegativeCount")]
    [InlineData("Offset", 7L, "OffsetPastEnd")]
    [InlineData("Count", 7L, "CountPastEnd")]
    public void A_number_that_is_out_of_range(string name, long value, string id)
    {
        _shell.Splice(_in, _out, new Hashtable { [name] = value })
            .FailedWith(id, ErrorCategory.InvalidArgument, _in.Name);
        Assert.Equal((0L, 0L), (_in.Position, _out.Length));
    }

    [Theory]
    [InlineData(-1L)]
    [InlineData(int.MaxValue)]
    [InlineData(long.MaxValue)]
    public void A_descriptor_that_is_not_open(long number)
    {
        string name = $"descriptor {number}";
        _shell.Splice(number, _out).FailedWith("BadDescriptor", ErrorCategory.InvalidArgument, name, "EBADF");
        _shell.Splice(_in, number).FailedWith("BadDescriptor", ErrorCategory.InvalidArgument, name, "EBADF");
    }

    [Fact]
    public void A_stream_that_is_closed()
    {
        _out.Dispose();
        _shell.Splice(_in, _out).FailedWith("HandleClosed", ErrorCategory.InvalidArgument, "FileStream", "closed");
        _shell.Splice(_out, _pipe).FailedWith("HandleClosed", ErrorCategory.InvalidArgument, "FileStream", "closed");
    }

    [Fact]
    public void An_offset_in_a_pipe() => _shell
        .Splice(_in, _pipe, new Hashtable { ["DestinationOffset"] = 0 })
        .FailedWith("NotSeekable", ErrorCategory.InvalidArgument, PipeName, "Leave the offset out");

    [Fact]
    public void A_pipe_that_nobody_reads()
    {
        _pipe.DisposeLocalCopyOfClientHandle();
        _shell.Splice(_in, _pipe).FailedWith("ReaderGone", ErrorCategory.ConnectionError, PipeName, "EPIPE");
        Assert.Equal(0, _in.Position);
    }

    [Fact]
    public void The_wrong_side_of_a_pipe()
    {
        _shell.Splice(_pipe, _out).FailedWith("SourceNotReadable", ErrorCategory.InvalidArgument, PipeName, "Read");
        _shell.Splice(_in, _pipe.ClientSafePipeHandle)
            .FailedWith("DestinationNotWritable", ErrorCategory.InvalidArgument, PipeName, "Write");
    }

    [Fact]
    public void A_file_onto_itself() => _shell
        .Splice(_out, _out).FailedWith("SameFile", ErrorCategory.InvalidOperation, _out.Name, "overlap");

    [Fact]
    public void A_device_that_splice_does_not_write_to()
    {
        using FileStream full = File.OpenWrite("/dev/full");
        _shell.Splice(_in, full).FailedWith("MethodNotPossible", ErrorCategory.InvalidOperation, "/dev/full", "EINVAL");
        Assert.Equal(0, _in.Position);
    }

    public void Dispose()
    {
        _in.Dispose();
        _out.Dispose();
        _pipe.Dispose();
        _workspace.Dispose();
    }
}
