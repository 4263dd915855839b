using Splice.Descriptors;

namespace Splice.Transfer;

/// <summary>What the choice of methods looks at in a descriptor, and nothing else.</summary>
internal readonly record struct Endpoint(DescriptorKind Kind, bool IsSeekable, bool IsAppending, bool IsEmpty)
{
    public static Endpoint Of(Descriptor descriptor) =>
        new(descriptor.Kind, descriptor.IsSeekable, descriptor.IsAppending, descriptor.Size == 0);
}
