using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Splice.Streaming.Remote;

/// <summary>Names of unfinished files.</summary>
internal static class RemoteName
{
    private const int Digits = 16;

    /// <summary>A hidden name that nobody has.</summary>
    public static string Passing() => $".splice-{Convert.ToHexString(RandomNumberGenerator.GetBytes(Digits / 2)).ToLowerInvariant()}.tmp";

    /// <summary>What is put behind the name of a file whose transfer can be gone on with: the same for the same file.</summary>
    /// <param name="parts">What makes it the same.</param>
    public static string Partial(params object[] parts)
    {
        string text = string.Join('\n', parts.Select(part => Convert.ToString(part, CultureInfo.InvariantCulture)));
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        return $".splice-partial-{Convert.ToHexString(hash, 0, Digits / 2).ToLowerInvariant()}";
    }
}
