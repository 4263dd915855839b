using System.Collections;
using System.Management.Automation;
using Splice.Tests;
using Xunit;

namespace Splice.ModuleTests;

/// <summary>The cases of the tests of py-splice, one to one.</summary>
public sealed class SeedTests : IClassFixture<ModuleShell>, IDisposable
{
    private const int Large = 10 << 20;

    private readonly Workspace _workspace = new();
    private readonly ModuleShell _shell;
    private readonly byte[] _large = Workspace.RandomBytes(Large);

    public SeedTests(ModuleShell shell)
    {
        _shell = shell;
        _workspace.Write("large", _large);
        _workspace.Write("small", "testing"u8.ToArray());
        _workspace.Write("empty", []);
    }

    [Fact]
    public void A_file_of_10_MiB() => Copies("large", [], _large);

    [Fact]
    public void A_file_of_10_MiB_with_every_optional_argument() =>
        Copies("large", new Hashtable { ["Offset"] = 0, ["Count"] = Large, ["Flags"] = "More" }, _large);

    [Fact]
    public void A_file_of_10_MiB_with_every_flag() =>
        Copies("large", new Hashtable { ["Flags"] = "Move, NonBlock, More, Gift" }, _large);

    [Fact]
    public void A_file_of_7_bytes() => Copies("small", [], "testing"u8);

    [Fact]
    public void A_file_of_7_bytes_with_a_flag() => Copies("small", new Hashtable { ["Flags"] = "More" }, "testing"u8);

    [Fact]
    public void A_file_of_7_bytes_from_offset_4096() =>
        Fails("small", new Hashtable { ["Offset"] = 4096 }, "OffsetPastEnd");

    [Fact]
    public void An_empty_file() => Copies("empty", [], []);

    [Fact]
    public void A_large_file_with_a_count() => Copies("large", new Hashtable { ["Count"] = Large }, _large);

    [Fact]
    public void A_large_file_from_offset_1024() =>
        Copies("large", new Hashtable { ["Offset"] = 1024 }, _large.AsSpan(1024));

    [Fact]
    public void Only_2048_bytes() => Copies("large", new Hashtable { ["Count"] = 2048 }, _large.AsSpan(0, 2048));

    [Fact]
    public void An_offset_one_past_the_size() =>
        Fails("large", new Hashtable { ["Offset"] = Large + 1 }, "OffsetPastEnd");

    [Fact]
    public void A_count_one_past_the_size() =>
        Fails("large", new Hashtable { ["Count"] = Large + 1 }, "CountPastEnd");

    [Fact]
    public void Strings_for_descriptors() =>
        _shell.Splice("in", "out").DidNotBind("ParameterArgumentTransformationError");

    [Fact]
    public void A_missing_argument() => _shell.Run("Invoke-Splice 1").DidNotBind("MissingMandatoryParameter");

    [Fact]
    public void Descriptor_999_as_source()
    {
        using FileStream destination = File.Create(_workspace["copy"]);
        _shell.Splice(999, destination).FailedWith(
            "BadDescriptor", ErrorCategory.InvalidArgument, "descriptor 999", "EBADF");
    }

    [Fact]
    public void Descriptor_999_as_destination()
    {
        using FileStream source = File.OpenRead(_workspace["small"]);
        _shell.Splice(source, 999).FailedWith(
            "BadDescriptor", ErrorCategory.InvalidArgument, "descriptor 999", "EBADF");
    }

    public void Dispose() => _workspace.Dispose();

    private ShellRun Run(string name, Hashtable parameters)
    {
        using FileStream source = File.OpenRead(_workspace[name]);
        using FileStream destination = File.Create(_workspace["copy"]);
        return _shell.Splice(source, destination, parameters);
    }

    private void Copies(string name, Hashtable parameters, ReadOnlySpan<byte> expected)
    {
        Assert.Equal((long)expected.Length, Run(name, parameters)["BytesCopied"]);
        Assert.True(expected.SequenceEqual(File.ReadAllBytes(_workspace["copy"])));
    }

    private void Fails(string name, Hashtable parameters, string id)
    {
        Run(name, parameters).FailedWith(id, ErrorCategory.InvalidArgument, _workspace[name]);
        Assert.Empty(File.ReadAllBytes(_workspace["copy"]));
    }
}
