using System.Collections;
using System.Diagnostics;
using System.Management.Automation;
using System.Net.Sockets;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>The errors of Copy-ItemZeroCopy: id, category, target, and a disk as it was.</summary>
public sealed class CopyErrorTests : IClassFixture<ModuleShell>, IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly ModuleShell _shell;
    private readonly string _source;
    private readonly string _old;

    public CopyErrorTests(ModuleShell shell)
    {
        _shell = shell;
        _source = _workspace.Write("source", "source"u8.ToArray());
        _old = _workspace.Write("old", "old"u8.ToArray());
    }

    [Fact]
    public void A_source_that_is_not_there() =>
        Fails(_workspace["no"], _old, "SourceNotFound", ErrorCategory.ObjectNotFound, _workspace["no"], "ENOENT", "Check the name");

    [Fact]
    public void A_source_below_a_file() =>
        Fails($"{_source}/x", _old, "SourceNotFound", ErrorCategory.ObjectNotFound, $"{_source}/x", "ENOTDIR");

    [Fact]
    public void A_folder() =>
        Fails(_workspace.Folder, _old, "SourceIsDirectory", ErrorCategory.InvalidType, _workspace.Folder, "wildcard");

    [Fact]
    public void A_name_that_is_too_long()
    {
        string name = _workspace[new string('x', 300)];
        Fails(name, _old, "InvalidPath", ErrorCategory.InvalidArgument, name, "ENAMETOOLONG");
    }

    [Fact]
    public void A_socket()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_workspace["socket"]));
        Fails(_workspace["socket"], _old, "ReadFailed", ErrorCategory.ReadError, _workspace["socket"], "ENXIO");
        Fails(_source, _workspace["socket"], "WriteFailed", ErrorCategory.WriteError, _workspace["socket"], "ENXIO");
    }

    [Fact]
    public void A_device_without_end() =>
        Fails("/dev/zero", _old, "EndlessSource", ErrorCategory.InvalidArgument, "/dev/zero", "-Count");

    [Theory]
    [InlineData("no/x")]
    [InlineData("no/")]
    public void A_folder_that_is_not_there(string name) => Fails(
        _source, _workspace[name], "DestinationFolderNotFound", ErrorCategory.ObjectNotFound, _workspace[name], "New-Item");

    [Fact]
    public void The_source_itself() =>
        Fails(_source, _source, "SameFile", ErrorCategory.InvalidOperation, _source, "same file");

    [Fact]
    public void A_folder_in_the_way()
    {
        Directory.CreateDirectory(_workspace["to/source"]);
        Fails(_source, _workspace["to"], "DestinationExists", ErrorCategory.ResourceExists, _workspace["to/source"], "directory");
    }

    [Fact]
    public void A_full_device() =>
        Fails(_source, "/dev/full", "DiskFull", ErrorCategory.WriteError, "/dev/full", "ENOSPC", "Free some space");

    [Theory]
    [InlineData("Offset", -1L, "NegativeOffset")]
    [InlineData("Count", -1L, "NegativeCount")]
    [InlineData("Offset", 7L, "OffsetPastEnd")]
    [InlineData("Count", 7L, "CountPastEnd")]
    [InlineData("Offset", long.MaxValue, "OffsetPastEnd")]
    [InlineData("Count", long.MaxValue, "CountPastEnd")]
    public void A_number_that_is_out_of_range(string name, long value, string id)
    {
        _shell.Copy(_source, _old, new Hashtable { [name] = value })
            .FailedWith(id, ErrorCategory.InvalidArgument, _source, $"'{_source}'");
        NothingChanged();
    }

    [Fact]
    public void A_destination_offset_below_zero() => _shell
        .Copy(_source, _old, new Hashtable { ["DestinationOffset"] = -1 })
        .FailedWith("NegativeOffset", ErrorCategory.InvalidArgument, _old, "-1");

    [Theory]
    [InlineData("Reflink")]
    [InlineData("CopyFileRange")]
    [InlineData("SendFile")]
    public void A_method_that_cannot(string method)
    {
        _shell.Copy("/dev/zero", _old, new Hashtable { ["Count"] = 10, ["Method"] = method })
            .FailedWith("MethodNotPossible", ErrorCategory.InvalidOperation, _old, "-Method Auto");
        NothingChanged();
    }

    [Fact]
    public void Flags_for_another_method_than_splice()
    {
        _shell.Copy(_source, _old, new Hashtable { ["Flags"] = "More", ["Method"] = "SendFile" })
            .FailedWith("MethodNotPossible", ErrorCategory.InvalidOperation, _old, "-Method Splice");
        NothingChanged();
    }

    [Fact]
    public void No_permission()
    {
        Assert.SkipWhen(Environment.UserName == "root", "root may do everything");
        File.SetUnixFileMode(_source, UnixFileMode.None);
        Fails(_source, _old, "PermissionDenied", ErrorCategory.PermissionDenied, _source, "EACCES");
    }

    [Fact]
    public void A_reader_that_goes_away()
    {
        string fifo = Fifo.Make(_workspace["fifo"]);
        var start = new ProcessStartInfo("head", ["--bytes", "10", fifo]) { RedirectStandardOutput = true };
        using var reader = Process.Start(start)!;
        _shell.Copy("/dev/zero", fifo, new Hashtable { ["Count"] = 10 << 20 })
            .FailedWith("ReaderGone", ErrorCategory.ConnectionError, fifo, "EPIPE");
        reader.WaitForExit();
    }

    [Fact]
    public async Task A_source_that_becomes_shorter()
    {
        // Once the reader is in, the copy knows the size; and it cannot have read more than the pipe takes.
        string large = _workspace.Write("large", new byte[1 << 20]);
        string fifo = Fifo.Make(_workspace["fifo"]);
        Task<ShellRun> copy = Task.Run(() => _shell.Copy(large, fifo), TestContext.Current.CancellationToken);
        using (FileStream reader = File.OpenRead(fifo))
        {
            await using var writer = new FileStream(large, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            writer.SetLength(1000);
            await reader.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
        }

        (await copy).FailedWith("SourceTruncated", ErrorCategory.InvalidData, large, "1048576 bytes at first, 1000 now");
    }

    [Fact]
    public void An_error_carries_the_errno_and_leaves_nothing_open()
    {
        ErrorRecord error = Assert.Single(_shell.Copy(_source, "/dev/full").Errors);
        Assert.Equal("Splice.TransferException", error.Exception.GetType().FullName);
        Assert.Equal("ENOSPC", PSObject.AsPSObject(error.Exception).Properties["Errno"].Value.ToString());
        Assert.Empty(OpenFiles.Below(_workspace.Folder));
    }

    public void Dispose() => _workspace.Dispose();

    private void Fails(
        string source, string destination, string id, ErrorCategory category, string target, params string[] words)
    {
        string[] before = _workspace.Names;
        _shell.Copy(source, destination).FailedWith(id, category, target, words);
        Assert.Equal(before, _workspace.Names);
        NothingChanged();
    }

    private void NothingChanged() => Assert.Equal("old", File.ReadAllText(_old));
}
