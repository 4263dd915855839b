namespace Splice;

/// <summary>A pair of source and destination to test for methods.</summary>
public sealed record MethodTestRequest
{
    /// <summary>What would be read: a path, or an open handle. Bytes are moved by no method.</summary>
    public required StreamEnd Source { get; init; }

    /// <summary>What would be written: a path of a file, there or not, or of a folder; or an open handle.</summary>
    public required StreamEnd Destination { get; init; }

    /// <summary>The first byte that would be read, in bytes from the source's start; null for its beginning, or for a handle's
    /// position.</summary>
    public long? Offset { get; init; }

    /// <summary>The bytes that would be moved; null for all up to the end.</summary>
    public long? Count { get; init; }

    /// <summary>Where they would go, in bytes from the destination's start: a file that is there is written in place then.
    /// Null: it is replaced, and a handle is written at its position.</summary>
    public long? DestinationOffset { get; init; }
}
