using System.Collections;
using System.Diagnostics;
using System.Management.Automation;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>The parameters of Copy-ItemZeroCopy, and what it copies.</summary>
public sealed class CopyTests : IClassFixture<ModuleShell>, IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly ModuleShell _shell;
    private readonly byte[] _content = Workspace.RandomBytes(100_000);
    private readonly string _source;
    private readonly string _target;

    public CopyTests(ModuleShell shell)
    {
        _shell = shell;
        _source = _workspace.Write("source", _content);
        _target = _workspace["target"];
    }

    [Fact]
    public void A_whole_file_arrives()
    {
        ShellRun run = _shell.Run("Copy-ItemZeroCopy $args[0] $args[1]", _source, _target);
        Assert.Equal("Splice.TransferResult", run.Output[0].BaseObject.GetType().FullName);
        Assert.Equal(_source, run["Source"]);
        Assert.Equal(_target, run["Destination"]);
        Assert.Equal(100_000L, run["BytesCopied"]);
        Assert.Equal(_content, File.ReadAllBytes(_target));
        Assert.Equal(["source", "target"], _workspace.Names);
    }

    [Fact]
    public void A_whole_file_keeps_mode_and_times()
    {
        var time = new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(_source, time);
        File.SetUnixFileMode(_source, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupExecute);
        Assert.Equal(100_000L, _shell.Copy(_source, _target)["BytesCopied"]);
        Assert.Equal(time, File.GetLastWriteTimeUtc(_target));
        Assert.Equal(File.GetUnixFileMode(_source), File.GetUnixFileMode(_target));
    }

    [Fact]
    public void A_folder_takes_the_name()
    {
        string folder = Directory.CreateDirectory(_target).FullName;
        Assert.Equal($"{folder}/source", _shell.Copy(_source, folder)["Destination"]);
        Assert.Equal($"{folder}/source", _shell.Copy(_source, folder + "/")["Destination"]);
    }

    [Theory]
    [InlineData("99000", null, 99_000, 1000)]
    [InlineData(null, "64KB", 0, 65_536)]
    [InlineData("1KB", "2KB", 1024, 2048)]
    [InlineData("100000", null, 100_000, 0)]
    [InlineData(null, "0", 0, 0)]
    public void A_range_arrives(string? offset, string? count, int start, int length)
    {
        string parameters = (offset is null ? "" : $" -Offset {offset}") + (count is null ? "" : $" -Count {count}");
        ShellRun run = _shell.Run($"Copy-ItemZeroCopy $args[0] $args[1]{parameters}", _source, _target);
        Assert.Equal((long)length, run["BytesCopied"]);
        Assert.Equal((long)start, run["Offset"]);
        Assert.Equal(_content[start..(start + length)], File.ReadAllBytes(_target));
    }

    [Fact]
    public void A_range_goes_into_the_middle_of_a_file()
    {
        _workspace.Write("target", [1, 2, 3, 4, 5, 6]);
        ShellRun run = _shell.Copy(
            _source, _target, new Hashtable { ["Offset"] = 10, ["Count"] = 2, ["DestinationOffset"] = 3 });
        Assert.Equal(3L, run["DestinationOffset"]);
        Assert.Equal([1, 2, 3, _content[10], _content[11], 6], File.ReadAllBytes(_target));
    }

    [Fact]
    public void A_range_goes_to_an_offset_of_a_new_file()
    {
        Assert.Empty(_shell.Copy(_source, _target, new Hashtable { ["Count"] = 1, ["DestinationOffset"] = 3 }).Errors);
        Assert.Equal([0, 0, 0, _content[0]], File.ReadAllBytes(_target));
    }

    [Theory]
    [InlineData("CopyFileRange")]
    [InlineData("SendFile")]
    [InlineData("Splice")]
    [InlineData("ReadWrite")]
    public void A_method_is_used(string method)
    {
        ShellRun run = _shell.Copy(_source, _target, new Hashtable { ["Method"] = method });
        Assert.Equal(method, run["Method"]?.ToString());
        Assert.Equal(_content, File.ReadAllBytes(_target));
    }

    [Fact]
    public void A_method_that_does_not_serve_is_in_the_verbose_stream()
    {
        ShellRun run = _shell.Run("Copy-ItemZeroCopy /proc/self/maps $args[0] -Verbose", _target);
        Assert.Equal("ReadWrite", run["Method"]?.ToString());
        Assert.Contains(run.Verbose, line => line.Contains("SendFile: EINVAL", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Move")]
    [InlineData("Move, NonBlock, More, Gift")]
    public void Flags_choose_splice(string flags)
    {
        ShellRun run = _shell.Copy(_source, _target, new Hashtable { ["Flags"] = flags });
        Assert.Equal("Splice", run["Method"]?.ToString());
        Assert.Equal(flags, run["Flags"]?.ToString());
    }

    [Theory]
    [InlineData("Method", "Magic", "CannotConvertArgumentNoMessage")]
    [InlineData("Flags", "Quickly", "CannotConvertArgumentNoMessage")]
    [InlineData("PipeSize", 0, "ParameterArgumentValidationError")]
    [InlineData("Count", "many", "CannotConvertArgumentNoMessage")]
    public void A_parameter_is_checked(string name, object value, string id) =>
        _shell.Copy(_source, _target, new Hashtable { [name] = value }).DidNotBind(id);

    [Fact]
    public void NoClobber_leaves_what_is_there()
    {
        _workspace.Write("target", [1]);
        _shell.Copy(_source, _target, new Hashtable { ["NoClobber"] = true, ["Force"] = true })
            .FailedWith("DestinationExists", ErrorCategory.ResourceExists, _target, "-NoClobber");
        Assert.Equal([1], File.ReadAllBytes(_target));
    }

    [Theory]
    [InlineData("-WhatIf")]
    [InlineData("-WhatIf -Force")]
    public void WhatIf_touches_nothing(string parameters)
    {
        ShellRun run = _shell.Run($"Copy-ItemZeroCopy $args[0] $args[1] {parameters}", _source, _target);
        Assert.Empty(run.Output);
        Assert.Equal(["source"], _workspace.Names);
    }

    [Fact]
    public void A_hole_stays_a_hole()
    {
        using (FileStream sparse = File.Create(_workspace["sparse"]))
        {
            sparse.SetLength(64 << 20);
        }

        ShellRun run = _shell.Copy(_workspace["sparse"], _target);
        Assert.Equal(64L << 20, run["BytesInHoles"]);
        Assert.Equal(64 << 20, new FileInfo(_target).Length);
    }

    [Fact]
    public void A_device_gives_what_is_asked_for()
    {
        Assert.Equal(3L << 20, _shell.Copy("/dev/zero", _target, new Hashtable { ["Count"] = 3 << 20 })["BytesCopied"]);
        Assert.Equal(new byte[3 << 20], File.ReadAllBytes(_target));
    }

    [Fact]
    public void Generated_files_are_read_to_their_end()
    {
        Assert.NotEqual(0L, _shell.Copy("/proc/version", _target)["BytesCopied"]);
        Assert.Equal(File.ReadAllText("/proc/version"), File.ReadAllText(_target));
    }

    [Fact]
    public void A_fifo_is_read_to_its_end_and_written()
    {
        string fifo = Fifo.Make(_workspace["fifo"]);
        using var writer = Process.Start("sh", ["-c", "cat \"$0\" > \"$1\"", _source, fifo]);
        Assert.Equal(100_000L, _shell.Copy(fifo, _target)["BytesCopied"]);
        writer.WaitForExit();
        using var reader = Process.Start("sh", ["-c", "cat \"$0\" > \"$1\"", fifo, _workspace["back"]]);
        Assert.Equal(100_000L, _shell.Copy(_target, fifo)["BytesCopied"]);
        reader.WaitForExit();
        Assert.Equal(_content, File.ReadAllBytes(_workspace["back"]));
    }

    [Theory]
    [InlineData("real", "real")]
    [InlineData("folder/../real", "elsewhere/real")]
    [InlineData("folder/../folder/../real", "elsewhere/real")]
    [InlineData("again", "elsewhere/real")]
    public void A_link_leads_where_the_kernel_says(string link, string expected)
    {
        Directory.CreateDirectory(_workspace["elsewhere/folder"]);
        File.CreateSymbolicLink(_workspace["folder"], "elsewhere/folder");
        File.CreateSymbolicLink(_workspace["elsewhere/folder"] + "/on", "../real");
        File.CreateSymbolicLink(_workspace["again"], "folder/on");
        File.CreateSymbolicLink(_target, link);
        Assert.Equal(_workspace[expected], _shell.Copy(_source, _target)["Destination"]);
        Assert.Equal(_content, File.ReadAllBytes(_target));
        Assert.Equal(_workspace[expected], _shell.Copy(_source, _target)["Destination"]);
        Assert.Equal(link, new FileInfo(_target).LinkTarget);
    }

    public void Dispose() => _workspace.Dispose();
}
