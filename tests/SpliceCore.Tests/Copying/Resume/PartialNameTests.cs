using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Copying.Resume;

public sealed class PartialNameTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public PartialNameTests() => _workspace.WriteRandom("source", 1000);

    [Fact]
    public void It_says_what_it_is_and_is_the_same_each_time()
    {
        string name = Name().ToString();
        Assert.Matches("^copy\\.[0-9a-f]{16}\\.splice-partial$", name);
        Assert.Equal(name, Name().ToString());
    }

    [Fact]
    public void Whatever_else_is_copied_has_another()
    {
        var names = new HashSet<string>
        {
            Name().ToString(),
            Name("other").ToString(),
            Name(start: 1).ToString(),
            Name(length: 999).ToString(),
            Name(reflink: ReflinkMode.Never).ToString(),
            Name(sparse: SparseMode.Never).ToString(),
        };
        Command.Check("touch", "-d", "2001-02-03 04:05:06.123456789 UTC", _workspace["source"]);
        names.Add(Name().ToString());
        Command.Check("touch", "-d", "2001-02-03 04:05:06.123456788 UTC", _workspace["source"]);
        names.Add(Name().ToString());
        Command.Check("truncate", "--size=1001", _workspace["source"]);
        Command.Check("touch", "-d", "2001-02-03 04:05:06.123456788 UTC", _workspace["source"]);
        names.Add(Name().ToString());
        Command.Check("cp", "-p", _workspace["source"], _workspace["twin"]);
        Command.Check("mv", _workspace["twin"], _workspace["source"]);
        names.Add(Name().ToString());

        Assert.Equal(10, names.Count);
    }

    [Theory]
    [InlineData(223, 223)]
    [InlineData(224, 223)]
    [InlineData(255, 223)]
    public void A_long_one_is_cut_to_what_a_folder_takes(int length, int shown)
    {
        string name = new('x', length);

        FileName partial = Name(name);

        Assert.Equal(255, partial.Bytes.Length);
        Assert.StartsWith(name[..shown] + ".", partial.ToString(), StringComparison.Ordinal);
        Assert.Equal(length == 223, PartialName.IsFor(partial, name));
        Assert.NotEqual(partial.ToString(), Name(name[..^1] + "y").ToString());
    }

    [Theory]
    [InlineData("copy.0123456789abcdef.splice-partial", true)]
    [InlineData("copy.0123456789abcdeF.splice-partial", false)]
    [InlineData("copy.0123456789abcde.splice-partial", false)]
    [InlineData("copy.0123456789abcdef0.splice-partial", false)]
    [InlineData("copy.0123456789abcdef.splice-partiaL", false)]
    [InlineData("copy-0123456789abcdef.splice-partial", false)]
    [InlineData("copz.0123456789abcdef.splice-partial", false)]
    [InlineData("acopy.0123456789abcdef.splice-partial", false)]
    [InlineData("copy", false)]
    [InlineData("", false)]
    public void One_of_the_same_destination_is_known(string name, bool isFor) => Assert.Equal(isFor, PartialName.IsFor(name, "copy"));

    [Fact]
    public void It_is_known_also_of_names_that_are_no_text()
    {
        var name = new FileName([0xFF, 0x80, (byte)'.']);
        using SafeFileHandle source = Posix.OpenRead(_workspace["source"]);
        FileName partial = PartialName.Of(name, Descriptor.Describe(source, "source"), new TransferSpec { Offset = 0, Length = 1000 });
        Assert.True(PartialName.IsFor(partial, name));
        Assert.False(PartialName.IsFor(partial, new FileName([0xFF, 0x81, (byte)'.'])));
    }

    public void Dispose() => _workspace.Dispose();

    private FileName Name(
        string name = "copy", long start = 0, long length = 1000, ReflinkMode reflink = default, SparseMode sparse = default)
    {
        using SafeFileHandle source = Posix.OpenRead(_workspace["source"]);
        var spec = new TransferSpec { Offset = start, Length = length, Reflink = reflink, Sparse = sparse };
        return PartialName.Of(name, Descriptor.Describe(source, "source"), spec);
    }
}
