using System.Runtime.InteropServices;

namespace Splice.TestKit.Channels;

/// <summary>Short ways to run transfers between handles.</summary>
internal static class Transfers
{
    /// <summary>Runs one that ends by itself: should it wait for ever, it fails instead.</summary>
    public static TransferResult Run(HandleTransferRequest request) =>
        Wait.For(limit => HandleTransfer.Run(request, new TransferMonitor(Cancellation: limit)));

    public static TransferResult Run(
        SafeHandle source, SafeHandle destination, TransferMethod method = TransferMethod.Splice) =>
        Run(new HandleTransferRequest { Source = source, Destination = destination, Method = method });

    /// <summary>A transfer that has to fail.</summary>
    public static TransferException Fail(HandleTransferRequest request) =>
        Xunit.Assert.Throws<TransferException>(() => Run(request));
}
