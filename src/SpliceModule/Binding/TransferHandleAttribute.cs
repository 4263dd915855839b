using System.Management.Automation;

namespace Splice.Binding;

/// <summary>Lets a parameter take everything that <see cref="TransferHandle"/> knows, and nothing that only looks like
/// it: a string is no descriptor.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class TransferHandleAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc />
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return TransferHandle.From(value) ?? throw new ArgumentTransformationMetadataException(
            $"{value?.GetType().Name ?? "null"} is nothing that bytes can be moved from or to. Give a FileStream, SafeHandle, Socket, NetworkStream, PipeStream, or the number of an open descriptor.");
    }
}
