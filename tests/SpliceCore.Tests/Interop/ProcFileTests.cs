using System.Diagnostics;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Interop;

public sealed class ProcFileTests
{
    [Fact]
    public void A_file_longer_than_one_read_is_read_to_its_end()
    {
        Assert.SkipWhen(ProcFile.ReadText("/proc/kallsyms") is null or { Length: < 65536 }, "this kernel has no long file in /proc");

        // A file system that another test mounts can add symbols at any time.
        Wait.Until(() => ProcFile.ReadText("/proc/kallsyms") == File.ReadAllText("/proc/kallsyms"), "The two never have the same text.");
    }

    [Theory]
    [InlineData("VmHWM:\t    1024 kB", "VmHWM", 1024)]
    [InlineData("btime 1700000000", "btime", 1700000000)]
    [InlineData("a: 1\nab: 2\nabc: 3", "ab", 2)]
    [InlineData("a: 1", "b", null)]
    [InlineData("a: none", "a", null)]
    [InlineData("a", "a", null)]
    [InlineData("", "a", null)]
    [InlineData(null, "a", null)]
    public void A_field_is_found_by_its_whole_name(string? text, string name, int? number) => Assert.Equal(number, ProcFile.FindNumber(text, name));

    [Fact]
    public void Fields_and_numbers_of_this_process_are_read()
    {
        Assert.Equal(Environment.ProcessId, ProcFile.ReadNumber("/proc/self/status", "Pid"));
        Assert.Matches("^[0-7]{4}$", ProcFile.ReadField("/proc/self/status", "Umask"));
        Assert.True(ProcFile.ReadNumber("/proc/sys/fs/pipe-max-size") > 0);
    }

    [Fact]
    public void What_is_missing_or_has_ended_is_null()
    {
        using Process process = Process.Start("true");
        process.WaitForExit();
        Assert.Null(ProcFile.ReadText($"/proc/{process.Id}/status"));
        Assert.Null(ProcFile.ReadNumber("/proc/missing"));
        Assert.Null(ProcFile.ReadText("/proc/self"));
    }
}
