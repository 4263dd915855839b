using Splice.Descriptors;

namespace Splice.Transfer;

/// <summary>What the choice of methods looks at in a descriptor, and nothing else.</summary>
internal readonly record struct Endpoint(DescriptorKind Kind, bool IsSeekable, bool IsAppending, bool IsEmpty)
{
    /// <summary>Whether holes can be made in it, as far as its kind goes: what the file system can, it says itself.</summary>
    public bool MayHaveHoles => Kind is DescriptorKind.Regular or DescriptorKind.Block && IsSeekable && !IsAppending;

    public static Endpoint Of(Descriptor descriptor) =>
        new(descriptor.Kind, descriptor.IsSeekable, descriptor.IsAppending, descriptor.Size == 0);
}
