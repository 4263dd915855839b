using Xunit;

namespace Splice.TestKit.Hosts;

/// <summary>Transfers with other hosts in one line.</summary>
internal static class Remotes
{
    /// <summary>Sends, and returns the outcomes in the order of the hosts.</summary>
    public static IReadOnlyList<RemoteOutcome> Send(SendRequest request, TransferMonitor? monitor = null) =>
    [
        .. Run((limited, done) => RemoteCopy.Send(request, limited, done), monitor)
            .OrderBy(outcome => request.Hosts.ToList().IndexOf(outcome.Host)),
    ];

    public static IReadOnlyList<RemoteOutcome> Receive(ReceiveRequest request, TransferMonitor? monitor = null) =>
        Run((limited, done) => RemoteCopy.Receive(request, limited, done), monitor);

    /// <summary>A command that replaces a text in what it passes on after the script, and keeps nothing back.</summary>
    public static string Replacing(string text, string by) =>
        $"perl -e 'while (sysread(STDIN, $_, 65536)) {{ if (!$on && s/^([^\n]*\n)//) {{ syswrite(STDOUT, $1); $on = 1 }} s/{text}/{by}/g if $on; syswrite(STDOUT, $_) }}'";

    /// <summary>The one result, of what must have succeeded.</summary>
    public static RemoteTransferResult Result(IReadOnlyList<RemoteOutcome> outcomes)
    {
        RemoteOutcome outcome = Assert.Single(outcomes);
        Assert.Null(outcome.Error?.Message);
        return outcome.Result!;
    }

    /// <summary>The one error, of what must have failed.</summary>
    public static TransferException Error(IReadOnlyList<RemoteOutcome> outcomes, TransferErrorId id)
    {
        TransferException error = Assert.Single(outcomes).Error!;
        Assert.NotNull(error);
        Assert.True(error.Id == id, $"{error.Id}: {error.Message}");
        return error;
    }

    /// <summary>Runs what ends by itself: should it wait for ever, it fails instead.</summary>
    private static List<RemoteOutcome> Run(Action<TransferMonitor, Action<RemoteOutcome>> run, TransferMonitor? monitor)
    {
        monitor ??= TransferMonitor.None;
        return Wait.For(
            limit =>
            {
                List<RemoteOutcome> outcomes = [];
                run(monitor with { Cancellation = limit }, outcomes.Add);
                return outcomes;
            },
            monitor.Cancellation);
    }
}
