using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>A terminal opened once more, non-blocking. Nothing else keeps a write from waiting for one that has been
/// stopped, and the mode of the borrowed handle is the whole session's, so that it cannot be changed for a while.</summary>
internal static class TerminalOutput
{
    private const ulong Multiplexer = (5UL << 32) | 2; // /dev/ptmx: to open it again makes another terminal (devices.txt)

    /// <summary>The terminal's own handle for a transfer; null where the borrowed one does, or has to.</summary>
    public static SafeFileHandle? Reopen(Descriptor descriptor)
    {
        if (descriptor.Kind != DescriptorKind.Character || descriptor.IsNonBlocking
            || descriptor.Status.Identity.SpecialDevice == Multiplexer || !LibC.IsTerminal(descriptor.Handle))
        {
            return null;
        }

        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor.Handle.DangerousGetHandle()}");
        const int Flags = OpenFlags.WriteOnly | OpenFlags.NonBlock | OpenFlags.NoControllingTerminal;
        return LibC.Open(path, Flags, out SafeFileHandle handle).Ok ? handle : null;
    }
}
