using System.Management.Automation;

namespace Splice.Binding;

/// <summary>Lets a parameter take everything that <see cref="TransferHandle"/> knows, and nothing that only looks like
/// it: where no path is taken, a string is no descriptor.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class TransferHandleAttribute : ArgumentTransformationAttribute
{
    private const string Handles =
        "a FileStream, SafeHandle, Socket, NetworkStream, PipeStream, SplicePipe, a redirected stream of a process, or the number of an open descriptor";

    /// <summary>True if paths are taken, too.</summary>
    public bool TakesPaths { get; init; }

    /// <summary>True if bytes are taken, too.</summary>
    public bool TakesBytes { get; init; }

    /// <inheritdoc />
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? value = Unwrap(inputData);
        return TakesPaths && !TakesBytes && value is object?[] several
            ? Array.ConvertAll(several, item => Convert(Unwrap(item)))
            : Convert(value);
    }

    private static object? Unwrap(object? item) => item is PSObject wrapped ? wrapped.BaseObject : item;

    private TransferHandle Convert(object? value)
    {
        TransferHandle? handle = TakesPaths ? TransferHandle.FromAny(value) : TransferHandle.From(value);
        if (handle is not null && (TakesBytes || !handle.IsContent))
        {
            return handle;
        }

        string paths = TakesPaths ? "a path, a FileInfo, " : string.Empty;
        string bytes = TakesBytes ? "bytes, " : string.Empty;
        throw new ArgumentTransformationMetadataException(
            $"{value?.GetType().Name ?? "null"} is nothing that bytes can be moved from or to. Give {paths}{bytes}{Handles}.");
    }
}
