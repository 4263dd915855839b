using Xunit;

namespace Splice.Tests;

/// <summary>The types of <see cref="TransferException.Partial"/>.</summary>
internal static class PartialResults
{
    public static TransferResult PartialTransfer(this TransferException error) => Assert.IsType<TransferResult>(error.Partial);

    public static PipelineResult PartialPipeline(this TransferException error) => Assert.IsType<PipelineResult>(error.Partial);

    public static RemoteTransferResult PartialRemote(this TransferException error) => Assert.IsType<RemoteTransferResult>(error.Partial);
}
