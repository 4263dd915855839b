using System.Runtime.InteropServices;

namespace Splice.TestKit.Channels;

/// <summary>Short ways to run streams.</summary>
internal static class Streams
{
    /// <summary>Runs one that ends by itself: should it wait for ever, it fails instead.</summary>
    public static IReadOnlyList<StreamOutcome> Run(StreamRequest request) =>
        Wait.For(limit => StreamCopy.Copy(request, new TransferMonitor(Cancellation: limit)));

    public static StreamRequest Request(SafeHandle source, params SafeHandle[] destinations) => new()
    {
        Source = TransferEndpoint.OfHandle(source),
        Destinations = [.. destinations.Select(destination => TransferEndpoint.OfHandle(destination))],
    };

    /// <summary>Starts one on a thread of its own.</summary>
    public static Worker<IReadOnlyList<StreamOutcome>> Start(StreamRequest request, CancellationTokenSource? stop = null) =>
        new(() => StreamCopy.Copy(request, new TransferMonitor(Cancellation: stop?.Token ?? default)));
}
