using System.Runtime.InteropServices;

namespace Splice.Streaming.Processes;

/// <summary>What a command gets as its standard input, output and error. Null: this process's own.</summary>
/// <param name="Input">Descriptor 0.</param>
/// <param name="Output">Descriptor 1.</param>
/// <param name="Errors">Descriptor 2.</param>
/// <param name="MergesErrors">Whether descriptor 2 is descriptor 1.</param>
internal sealed record CommandStreams(SafeHandle? Input, SafeHandle? Output, SafeHandle? Errors, bool MergesErrors)
{
    public const int StandardInput = 0;
    public const int StandardOutput = 1;
    public const int StandardError = 2;

    public IEnumerable<(SafeHandle? Handle, int Number)> Numbered =>
        [(Input, StandardInput), (Output, StandardOutput), (Errors, StandardError)];
}
