using System.Formats.Tar;
using System.Text;
using Splice.Interop;
using Splice.Streaming.Remote.Trees;
using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>The headers of tar streams, as the tars of hosts read them.</summary>
public sealed class TarStreamWriterTests : IDisposable
{
    private const long NineGibibytes = 9L << 30; // more than the octal digits of a header

    private readonly Workspace _workspace = new();

    /// <summary>A tar, and whether it reads pax.</summary>
    public static TheoryData<string, bool> Readers => new() { { "tar", true }, { "tar", false }, { "busybox", false }, { "bsdtar", true } };

    [Theory]
    [MemberData(nameof(Readers))]
    public void Names_of_any_bytes_and_lengths_are_extracted(string tar, bool isPax)
    {
        List<string> names = ["short", "new\nline", "tab\t, \\ and ' \"", new('n', 99), new('n', 100), new('n', 101), new('n', 255), $"{new('d', 200)}/{new('e', 200)}"];
        var stream = new TarStreamWriter(isPax, hasAttributes: tar == "tar", []);
        stream.Add(new TarItem { Type = TarEntryType.Directory, Path = Encoding.ASCII.GetBytes(new string('d', 200)), Mode = 0x1ED });
        foreach (string name in names)
        {
            Add(stream, Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(name));
        }

        Add(stream, [0xFF, (byte)'x'], "odd"u8.ToArray());
        Add(stream, [.. Enumerable.Repeat((byte)0xFE, 120)], "long and odd"u8.ToArray());
        stream.Add(new TarItem { Type = TarEntryType.SymbolicLink, Path = "link"u8.ToArray(), Target = [.. Enumerable.Repeat((byte)0xFD, 150)] });
        stream.Add(new TarItem { Type = TarEntryType.HardLink, Path = "hard"u8.ToArray(), Target = Encoding.ASCII.GetBytes(names[5]) });
        Extract(tar, stream);

        Assert.All(names, name => Assert.Equal(name, File.ReadAllText(_workspace[$"out/{name}"])));
        string shown = Command.Check("sh", "-c", "cd \"$1\" && LC_ALL=C && export LC_ALL && cat \"$(printf '\\377x')\" && printf ' ' && cat \"$(printf '%0120d' 0 | tr 0 '\\376')\" && readlink link | tr '\\375' y | wc -c && stat -c %h hard", "sh", _workspace["out"]);
        Assert.Equal("odd long and odd151\n2", shown);
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void Large_numbers_are_listed(string tar, bool isPax)
    {
        Command.Require(tar);
        var stream = new TarStreamWriter(isPax, hasAttributes: true, []);
        stream.Add(new TarItem
        {
            Type = TarEntryType.RegularFile,
            Path = "large"u8.ToArray(),
            Length = NineGibibytes,
            UserId = 4_000_000_000,
            GroupId = 3_000_000,
            Time = new LibC.StatxTimestamp { Seconds = 10_000_000_000, Nanoseconds = 5 },
        });
        using (var file = new FileStream(_workspace["stream"], FileMode.CreateNew))
        {
            file.Write(stream.Take().Span);
            file.SetLength(file.Length + NineGibibytes);
            file.Position = file.Length;
            stream.AddEnd();
            file.Write(stream.Take().Span);
        }

        string[] arguments = tar switch
        {
            "busybox" => ["busybox", "tar", "-tvf"],
            "bsdtar" => ["bsdtar", "--numeric-owner", "-tvf"],
            _ => ["tar", "--numeric-owner", "-tvf"],
        };
        string list = Command.Check("env", ["TZ=UTC", .. arguments, _workspace["stream"]]);
        Assert.Matches("4000000000[/ ] *3000000 .*9663676416 .*2286.*large", list);
    }

    /// <summary>The old format has whole seconds.</summary>
    [Theory]
    [InlineData(1_500_000_000, 123_456_789)]
    [InlineData(-1, 999_999_999)]
    [InlineData(-2_000_000_000, 1)]
    public void Times_are_kept(long seconds, uint nanoseconds)
    {
        var item = new TarItem { Type = TarEntryType.RegularFile, Path = "x"u8.ToArray(), Time = new LibC.StatxTimestamp { Seconds = seconds, Nanoseconds = nanoseconds } };
        foreach (bool isPax in new[] { true, false })
        {
            var stream = new TarStreamWriter(isPax, hasAttributes: true, []);
            stream.Add(item);
            Extract("tar", stream);
            string[] time = Command.Check("stat", "-c", "%.9Y", _workspace["out/x"]).Split('.');
            Assert.Equal(seconds + (isPax ? nanoseconds / 1_000_000_000m : 0), decimal.Parse(string.Join('.', isPax ? time : time[..1]), System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void Attributes_are_kept_with_any_bytes_in_names_and_values()
    {
        Command.Require("setfattr", "getfattr");
        byte[] value = [0, (byte)'\n', 0xFF, (byte)'='];
        var stream = new TarStreamWriter(isPax: true, hasAttributes: true, []);
        stream.Add(new TarItem { Type = TarEntryType.RegularFile, Path = "x"u8.ToArray(), Attributes = [("user.a=b%c", value)] });
        Extract("tar", stream);
        Assert.SkipUnless(Command.Run("setfattr", "-n", "user.try", "-v", "1", _workspace["out/x"]).ExitCode == 0, "no extended attributes here");
        Assert.Contains("user.a=b%c=0x000aff3d", Command.Check("getfattr", "--absolute-names", "-e", "hex", "-d", _workspace["out/x"]).Replace("\\075", "=", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    public void Dispose() => _workspace.Dispose();

    private static void Add(TarStreamWriter stream, byte[] path, byte[] content) =>
        stream.AddFile(new TarItem { Type = TarEntryType.RegularFile, Path = path, Length = content.Length }, content);

    private void Extract(string tar, TarStreamWriter stream)
    {
        Command.Require(tar);
        stream.AddEnd();
        File.WriteAllBytes(_workspace["stream"], stream.Take().ToArray());
        Directory.CreateDirectory(_workspace["out"]);
        string[] arguments = tar == "busybox" ? ["busybox", "tar"] : tar == "tar" ? ["tar", "--xattrs", "--xattrs-include=*", "--warning=no-timestamp"] : [tar];
        Command.Check("env", ["LC_ALL=C", .. arguments, "-xf", _workspace["stream"], "-C", _workspace["out"]]);
    }
}
