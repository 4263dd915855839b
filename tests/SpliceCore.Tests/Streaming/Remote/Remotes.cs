using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Transfers with other hosts in one line.</summary>
internal static class Remotes
{
    public static IReadOnlyList<RemoteOutcome> Send(SendRequest request, TransferMonitor? monitor = null)
    {
        List<RemoteOutcome> outcomes = [];
        RemoteCopy.Send(request, monitor ?? TransferMonitor.None, outcomes.Add);
        return outcomes;
    }

    public static IReadOnlyList<RemoteOutcome> Receive(ReceiveRequest request, TransferMonitor? monitor = null)
    {
        List<RemoteOutcome> outcomes = [];
        RemoteCopy.Receive(request, monitor ?? TransferMonitor.None, outcomes.Add);
        return outcomes;
    }

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
}
