using System.Text.RegularExpressions;
using Xunit;

namespace Splice.Tests.Copying.Destination;

/// <summary>Somebody puts a link to another file where the destination is, after any of the calls that concern it: the other file
/// stays as it is.</summary>
public sealed partial class SwappedDestinationTests
{
    private const string Calls = "openat,statx,readlink,readlinkat,faccessat,linkat,renameat,renameat2";
    private const int MostCalls = 40;

    public enum Before
    {
        Nothing,
        File,
        DanglingLink,
    }

    [Theory]
    [InlineData(Before.Nothing, false)]
    [InlineData(Before.File, false)]
    [InlineData(Before.File, true)]
    [InlineData(Before.DanglingLink, false)]
    public void A_link_that_takes_the_destinations_name_at_any_moment_harms_no_other_file(Before before, bool inPlace)
    {
        Command.RequireRoot();
        Command.Require("strace");
        int call = 1;
        while (Swap(before, inPlace, call))
        {
            call++;
            Assert.True(call < MostCalls, "the copy does not end");
        }

        Assert.True(call > 2, $"the copy was stopped at {call - 1} calls only");
    }

    /// <summary>Copies, and puts the link in place after one of the calls, from the first look on: a link that is there before is
    /// what the user named. False if there are fewer calls.</summary>
    private static bool Swap(Before before, bool inPlace, int call)
    {
        using var workspace = new Workspace();
        string folder = Directory.CreateDirectory(workspace["folder"]).FullName;
        string destination = Path.Combine(folder, "out");
        workspace.WriteRandom("source", 5000);
        workspace.Write("victim", "victim"u8.ToArray());
        Make(destination, before);

        // What is there may be replaced, and nothing else.
        var request = new CopyRequest
        {
            Source = workspace["source"],
            Destination = destination,
            NoClobber = before == Before.DanglingLink,
            InPlace = inPlace,
        };
        using HostedCopy copy = HostedCopy.Start(
            request, "strace", "-f", "-qq", "-o", workspace["trace"], "-P", folder, "-P", destination,
            "-e", $"trace={Calls}", "-e", $"inject={Calls}:signal=SIGSTOP");
        bool swapped = false;
        int stopsSeen = 0;
        long end = Environment.TickCount64 + (long)Wait.Limit.TotalMilliseconds;
        while (!copy.HasEnded)
        {
            Assert.True(Environment.TickCount64 < end, "The copy does not end.");
            string trace = File.Exists(workspace["trace"]) ? File.ReadAllText(workspace["trace"]) : string.Empty;
            if (Stopped().Matches(trace) is { Count: int stops } matches && stops > stopsSeen)
            {
                // Each thread reports the stop, and a CONT for the last one may take away the next: that call is not stopped at.
                if (!swapped && StopsAfterLook(trace) >= call)
                {
                    File.CreateSymbolicLink(workspace["link"], workspace["victim"]);
                    File.Move(workspace["link"], destination, overwrite: true);
                    swapped = true;
                }

                stopsSeen = stops;
                Command.Check("kill", "-s", "CONT", matches[0].Groups["process"].Value);
            }

            Thread.Sleep(5);
        }

        copy.Finish();
        Assert.True(
            File.ReadAllText(workspace["victim"]) == "victim",
            $"the other file was overwritten; the link came after call {call}:\n{File.ReadAllText(workspace["trace"])}");
        return swapped;
    }

    private static void Make(string destination, Before before)
    {
        switch (before)
        {
            case Before.File:
                File.WriteAllText(destination, "old");
                break;
            case Before.DanglingLink:
                File.CreateSymbolicLink(destination, "../missing");
                break;
            case Before.Nothing:
            default:
                break;
        }
    }

    [GeneratedRegex(@"^(?<process>\d+) +--- stopped by SIGSTOP ---", RegexOptions.Multiline)]
    private static partial Regex Stopped();

    private static int StopsAfterLook(string trace) => Look().Match(trace) is { Success: true, Index: int look } ? Sent().Count(trace[look..]) : 0;

    [GeneratedRegex(@"statx\([^\n]*out""")]
    private static partial Regex Look();

    [GeneratedRegex(@"--- SIGSTOP \{")]
    private static partial Regex Sent();
}
