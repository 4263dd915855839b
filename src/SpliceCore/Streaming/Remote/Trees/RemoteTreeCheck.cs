namespace Splice.Streaming.Remote.Trees;

/// <summary>What does not go together with folders.</summary>
internal static class RemoteTreeCheck
{
    /// <summary>The options by themselves, before any host is connected to.</summary>
    /// <param name="request">The request.</param>
    /// <param name="path">The folder.</param>
    /// <exception cref="TransferException">One of them is for single files only.</exception>
    public static void Options(RemoteRequest request, string path)
    {
        if (request.Resume)
        {
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"-Resume goes on with a single file, and '{path}' is a folder, of which an interruption leaves nothing. Leave -Resume out: all of it is transferred again.",
                target: path);
        }
    }

    /// <summary>What is not there for folders that are received.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="TransferException">That was asked for.</exception>
    public static void Received(ReceiveRequest request)
    {
        if (request.Verify)
        {
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"-Verify and -Recurse do not go together for '{request.Source}': the digests of received folders are not compared. Leave one of them out, or have the host send the folder.",
                target: request.Source);
        }
    }
}
