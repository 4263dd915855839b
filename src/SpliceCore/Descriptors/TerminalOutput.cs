using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>A terminal opened once more, non-blocking. Nothing else keeps a write from waiting for one that was stopped:
/// the mode of the borrowed handle is the whole session's and not ours to change.</summary>
internal static class TerminalOutput
{
    // /dev/ptmx (devices.txt): to open it again makes another terminal.
    private const ulong Multiplexer = (5UL << 32) | 2;

    /// <summary>The terminal's own handle for a transfer; null where the borrowed one does, or has to.</summary>
    public static SafeFileHandle? Reopen(Descriptor descriptor)
    {
        if (descriptor.Kind != DescriptorKind.Character || descriptor.IsNonBlocking
            || descriptor.Status.Identity.SpecialDevice == Multiplexer || !LibC.IsTerminal(descriptor.Handle))
        {
            return null;
        }

        nint number = descriptor.Handle.DangerousGetHandle();
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{number}");
        const int Flags = OpenFlags.WriteOnly | OpenFlags.NonBlock | OpenFlags.NoControllingTerminal;
        return LibC.Open(path, Flags, out SafeFileHandle handle).Ok ? handle : null;
    }
}
