using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>Makes a borrowed socket non-blocking for as long as a transfer runs, and puts its mode back. Nothing else
/// keeps a send from waiting for a peer that has stopped reading.</summary>
internal sealed class NonBlockingScope : IDisposable
{
    private readonly Descriptor? _changed;

    public NonBlockingScope(Descriptor descriptor)
    {
        if (descriptor.Kind == DescriptorKind.Socket && !descriptor.IsNonBlocking
            && LibC.SetStatusFlags(descriptor.Handle, descriptor.StatusFlags | OpenFlags.NonBlock).Ok)
        {
            _changed = descriptor;
            descriptor.StatusFlags |= OpenFlags.NonBlock;
        }
    }

    public void Dispose()
    {
        if (_changed is not null && !_changed.Handle.IsClosed)
        {
            _changed.StatusFlags &= ~OpenFlags.NonBlock;
            LibC.SetStatusFlags(_changed.Handle, _changed.StatusFlags);
        }
    }
}
