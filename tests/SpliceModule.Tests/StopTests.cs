using System.IO.Pipes;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>Ctrl+C: PowerShell.Stop() at any moment.</summary>
public sealed class StopTests : IClassFixture<ModuleShell>, IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly ModuleShell _shell;
    private readonly string _old;
    private readonly string _fifo;

    public StopTests(ModuleShell shell)
    {
        _shell = shell;
        _old = _workspace.Write("old", "old"u8.ToArray());
        _fifo = Fifo.Make(_workspace["fifo"]);
    }

    [Theory]
    [InlineData("Splice")]
    [InlineData("ReadWrite")]
    public void In_the_middle_of_10_GiB(string method)
    {
        _shell.Stop(
            () => OpenFiles.Below(_workspace.Folder).Any(size => size > 0),
            "Copy-ItemZeroCopy /dev/zero $args[0] -Count 10GB -Method $args[1]", _old, method).WasStopped();
        NothingIsLeft();
    }

    [Fact]
    public void Before_a_fifo_has_a_writer()
    {
        _shell.Stop(() => OpenFiles.Below(_fifo).Count > 0, "Copy-ItemZeroCopy $args[0] $args[1]", _fifo, _old).WasStopped();
        NothingIsLeft();
    }

    [Fact]
    public void While_the_writer_of_a_fifo_is_silent()
    {
        // Read and write: the open of neither end waits.
        using var writer = new FileStream(_fifo, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        writer.WriteByte(1);
        _shell.Stop(
            () => OpenFiles.Below(_workspace.Folder).Contains(1),
            "Copy-ItemZeroCopy $args[0] $args[1]", _fifo, _old).WasStopped();
        writer.Dispose();
        NothingIsLeft();
    }

    [Fact]
    public void Before_a_fifo_has_a_reader()
    {
        _shell.Stop(() => OpenFiles.Below(_old).Count > 0, "Copy-ItemZeroCopy $args[0] $args[1]", _old, _fifo).WasStopped();
        NothingIsLeft();
    }

    [Fact]
    public void While_a_pipe_is_silent_and_the_position_tells_what_arrived()
    {
        using var writer = new AnonymousPipeServerStream(PipeDirection.Out);
        using var target = new FileStream(_workspace["target"], FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite);
        writer.Write([1, 2, 3]);
        _shell.Stop(
            () => new FileInfo(_workspace["target"]).Length == 3,
            "Invoke-Splice $args[0] $args[1]", writer.ClientSafePipeHandle, target).WasStopped();
        Assert.Equal(3, target.Position);
    }

    [Fact]
    public void While_a_pipe_is_full_and_the_position_tells_what_left()
    {
        using var writer = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new AnonymousPipeClientStream(PipeDirection.In, writer.ClientSafePipeHandle);
        using FileStream source = File.OpenRead(_workspace.Write("large", new byte[1 << 20]));
        _shell.Stop(() => reader.ReadByte() == 0, "Invoke-Splice $args[0] $args[1]", source, writer).WasStopped();
        writer.Dispose();
        using var rest = new MemoryStream();
        reader.CopyTo(rest);
        Assert.Equal(rest.Length + 1, source.Position);
    }

    public void Dispose() => _workspace.Dispose();

    private void NothingIsLeft()
    {
        Assert.Equal("old", File.ReadAllText(_old));
        Assert.Equal(["fifo", "old"], _workspace.Names);

        // What was made so far is thrown away behind the prompt's back.
        ModuleShell.WaitUntil(() => OpenFiles.Below(_workspace.Folder).Count == 0);
    }
}
