using System.Globalization;
using Xunit;

namespace Splice.Tests.Streaming.Remote.Resume;

/// <summary>Hosts with partial files of different lengths: the source is read once from the smallest offset, and each host joins at its
/// own.</summary>
public sealed class JoiningHostsTests(SshServer server) : IDisposable
{
    private const int Size = 9_000_001;
    private const string OldDd = "#!/bin/sh\ncase \"$*\" in *fullblock*) exit 1 ;; esac\nexec /bin/dd \"$@\"\n";

    private readonly Workspace _workspace = new();

    [Theory]
    [InlineData("dash", false)]
    [InlineData("busybox", true)]
    public void Each_gets_the_rest_of_its_own(string shell, bool verify)
    {
        SendRequest request = Interrupt(Random(), shell, 6_000_000, 0, 3_000_000, Size) with { Verify = verify };

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(request);

        long[] starts = [.. outcomes.Select(outcome => outcome.Result?.ResumedAt ?? 0)];
        Assert.All(outcomes, outcome => Assert.Null(outcome.Error?.Message));
        Assert.InRange(starts[0], 5_900_000, 6_000_000);
        Assert.Equal(0, starts[1]);
        Assert.InRange(starts[2], 2_900_000, 3_000_000);
        Assert.InRange(starts[3], Size - 100_000, Size);
        Assert.All(outcomes, outcome => Assert.Equal(Size - (outcome.Result!.ResumedAt ?? 0), outcome.Result.BytesSent));
        AssertArrived(request, 0, 1, 2, 3);
    }

    /// <summary>Some take the data without the holes, and one whose dd(1) cannot do that takes all bytes.</summary>
    [Fact]
    public void Those_that_take_no_holes_join_those_that_do()
    {
        string source = SparseFile.Write(_workspace, "source", "X..X..XXX....XX...X.X...XX");
        SendRequest request = Interrupt(source, "dash", 200_000, 700_000, 0, 400_000);
        UseOldDd(1, 2);

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(request);

        Assert.All(outcomes, outcome => Assert.Null(outcome.Error?.Message));
        Assert.Equal([false, true, true, false], outcomes.Select(outcome => outcome.Result!.BytesInHoles == 0));
        Assert.Equal([true, true, false, true], outcomes.Select(outcome => outcome.Result!.ResumedAt > 0));
        AssertArrived(request, 0, 1, 2, 3);
        Assert.Equal(SparseFile.Read(request.Source), SparseFile.Read(_workspace["home-0/target"]));
    }

    [Fact]
    public void One_that_fails_before_the_others_join_takes_nothing_from_them()
    {
        SendRequest request = Interrupt(Random(), "bash", 6_000_000, 0, 8_000_000);
        SetLimit(1, 1_000_000);

        IReadOnlyList<RemoteOutcome> outcomes = Remotes.Send(request);

        Assert.Equal([null, TransferErrorId.ConnectionFailed, null], outcomes.Select(outcome => outcome.Error?.Id));
        Assert.InRange(outcomes[0].Result!.ResumedAt!.Value, 5_900_000, 6_000_000);
        AssertArrived(request, 0, 2);
    }

    public void Dispose() => _workspace.Dispose();

    private string Random() => _workspace.WriteRandom("source", Size);

    /// <summary>Returns a request to hosts that have got so many bytes of an interrupted transfer, and now get all.</summary>
    private SendRequest Interrupt(string source, string shell, params int[] bytes)
    {
        SshServer.Require();
        var request = new SendRequest
        {
            Source = source,
            Hosts = [.. bytes.Select((_, i) => Host(shell, i))],
            Destination = "target",
            Ssh = server.Options,
            Resume = true,
        };
        for (int i = 0; i < bytes.Length; i++)
        {
            SetLimit(i, bytes[i]);
        }

        Remotes.Send(request);
        for (int i = 0; i < bytes.Length; i++)
        {
            Assert.False(File.Exists(_workspace[Number($"home-{i}/target")]));
            SetLimit(i, int.MaxValue);
        }

        return request;
    }

    private RemoteHost Host(string shell, int i)
    {
        string home = Directory.CreateDirectory(_workspace[Number($"home-{i}")]).FullName;
        string bin = Directory.CreateDirectory(_workspace[Number($"bin-{i}")]).FullName;
        string run = shell == "busybox" ? server.BusyboxCommand : $"{shell} -c";
        return server.Host(
            $"joining-{Guid.NewGuid():N}",
            $"read -r bytes < {bin}/limit; cd {home}; export PATH={bin}:$PATH; stdbuf -o0 head -c \"$bytes\" | {run} \"$SSH_ORIGINAL_COMMAND\"");
    }

    private void SetLimit(int i, int bytes) => File.WriteAllText(_workspace[Number($"bin-{i}/limit")], Number($"{bytes}\n"));

    private void UseOldDd(params int[] hosts)
    {
        foreach (int i in hosts)
        {
            string dd = _workspace[Number($"bin-{i}/dd")];
            File.WriteAllText(dd, OldDd);
            File.SetUnixFileMode(dd, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    private void AssertArrived(SendRequest request, params int[] hosts)
    {
        foreach (int i in hosts)
        {
            Files.AssertSameBytes(request.Source, _workspace[Number($"home-{i}/target")]);
            Assert.Single(Directory.GetFileSystemEntries(_workspace[Number($"home-{i}")]));
        }
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
