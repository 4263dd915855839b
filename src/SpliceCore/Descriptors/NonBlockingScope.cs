using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>Makes a borrowed socket non-blocking during a transfer: nothing else keeps a send from waiting for a peer that has
/// stopped reading. The mode belongs to the open file description, which other transfers may use at the same time: the last one
/// restores it.</summary>
internal sealed class NonBlockingScope : IDisposable
{
    // A socket has one open file description, so its inode stands for that.
    private static readonly Dictionary<FileIdentity, int> Users = [];

    private readonly Descriptor? _changed;

    public NonBlockingScope(Descriptor descriptor)
    {
        if (descriptor.Kind != DescriptorKind.Socket)
        {
            return;
        }

        lock (Users)
        {
            bool isShared = Users.TryGetValue(descriptor.Status.Identity, out int users);
            if (isShared || TryChange(descriptor))
            {
                Users[descriptor.Status.Identity] = users + 1;
                _changed = descriptor;
                descriptor.StatusFlags |= OpenFlags.NonBlock;
            }
        }
    }

    public void Dispose()
    {
        if (_changed is null)
        {
            return;
        }

        lock (Users)
        {
            int users = Users[_changed.Status.Identity] - 1;
            if (users > 0)
            {
                Users[_changed.Status.Identity] = users;
                return;
            }

            Users.Remove(_changed.Status.Identity);
            if (!_changed.Handle.IsClosed)
            {
                _changed.StatusFlags &= ~OpenFlags.NonBlock;
                LibC.SetStatusFlags(_changed.Handle, _changed.StatusFlags);
            }
        }
    }

    /// <summary>Reads the flags again: another transfer may have changed them since the descriptor was described.</summary>
    private static bool TryChange(Descriptor descriptor)
    {
        SysResult flags = LibC.GetStatusFlags(descriptor.Handle);
        if (!flags.Ok)
        {
            return false;
        }

        descriptor.StatusFlags = (int)flags.Value;
        return !descriptor.IsNonBlocking
            && LibC.SetStatusFlags(descriptor.Handle, descriptor.StatusFlags | OpenFlags.NonBlock).Ok;
    }
}

/// <summary>Opens a terminal again, non-blocking: nothing else keeps a write from waiting for a stopped one. The mode of the borrowed
/// handle belongs to the whole session.</summary>
internal static class TerminalOutput
{
    // /dev/ptmx (devices.txt): opening it again creates another terminal.
    private const ulong Multiplexer = (5UL << 32) | 2;

    /// <summary>Returns a handle of our own; null for the borrowed one.</summary>
    public static SafeFileHandle? Reopen(Descriptor descriptor)
    {
        if (descriptor.Kind != DescriptorKind.Character || descriptor.IsNonBlocking
            || descriptor.Status.Identity.SpecialDevice == Multiplexer || !LibC.IsTerminal(descriptor.Handle))
        {
            return null;
        }

        const int Flags = OpenFlags.WriteOnly | OpenFlags.NonBlock | OpenFlags.NoControllingTerminal;
        return LibC.Open(LibC.PathOf(descriptor.Handle), Flags, out SafeFileHandle handle).Ok ? handle : null;
    }
}
