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
                $"-Resume goes on with a single file, and '{path}' is a folder, of which an interruption leaves nothing.",
                "Leave -Resume out: all of it is transferred again.",
                target: path);
        }
    }
}
