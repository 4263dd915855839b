using System.Globalization;
using Splice.Tests.FileSystems;

namespace Splice.Tests.Streaming.Remote;

/// <summary>Kills ssh once, as soon as so many bytes have gone by.</summary>
/// <param name="words">What is on its command line.</param>
/// <param name="after">How many bytes.</param>
internal sealed class SshKiller(string words, long after)
{
    private bool _hasKilled;

    public void Watch(TransferProgress progress)
    {
        if (!_hasKilled && progress.BytesCopied >= after)
        {
            _hasKilled = true;
            Command.Run("pkill", "-9", "-P", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), "-f", words);
        }
    }
}
