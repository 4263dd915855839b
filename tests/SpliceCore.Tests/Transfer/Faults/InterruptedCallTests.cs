using Xunit;

namespace Splice.Tests.Transfer.Faults;

/// <summary>A signal that comes first (EINTR) is no error: the call is made again.</summary>
public sealed class InterruptedCallTests(FaultLedger created, ITestOutputHelper output)
{
    public static TheoryData<TransferMethod, string, string> Moving => new(FullRun.Cases(
        from call in new[]
        {
            (TransferMethod.CopyFileRange, "copy_file_range"),
            (TransferMethod.SendFile, "sendfile"),
            (TransferMethod.Splice, "splice"),
            (TransferMethod.ReadWrite, "pread64"),
            (TransferMethod.ReadWrite, "pwrite64"),
        }
        from when in new[] { "1", "1..5", "2+2" }
        select (call.Item1, call.Item2, when)));

    [Theory]
    [MemberData(nameof(Moving))]
    public void Moving_goes_on(TransferMethod method, string call, string when)
    {
        using FaultedCopy copy = FaultedCopy.OfSparseFile();
        copy.Request = copy.Request with { Method = method };
        copy.On = call == "pread64" ? [copy.Request.Source] : [];

        HostAnswer answer = copy.Run(created, new Fault(call, "error=EINTR", when));

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal($"{method}", answer.Method);
        Assert.Empty(answer.Attempts);
        output.WriteLine($"{created}");
    }

    [Fact]
    public void Setting_the_size_goes_on()
    {
        using FaultedCopy copy = FaultedCopy.OfSparseFile();

        HostAnswer answer = copy.Run(created, new Fault("ftruncate", "error=EINTR", "1..3"));

        Assert.True(answer.Succeeded, answer.Message);
    }

    [Theory]
    [InlineData("source", "1..3")]
    [InlineData("", "1")]
    [InlineData("", "2..4")]
    public void Opening_goes_on(string name, string when)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        copy.On = [Path.TrimEndingDirectorySeparator(Path.Combine(copy.Folder, name))];

        HostAnswer answer = copy.Run(created, new Fault("openat", "error=EINTR", when));

        Assert.True(answer.Succeeded, answer.Message);
    }
}
