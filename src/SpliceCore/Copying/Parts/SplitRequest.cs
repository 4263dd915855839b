namespace Splice;

/// <summary>A file to cut into parts. Either <see cref="PartSize"/> or <see cref="PartCount"/> is given.</summary>
public sealed record SplitRequest
{
    /// <summary>The file, the folder for its parts, and how each is copied. Ranges are not the caller's to give.</summary>
    public required CopyRequest Copy { get; init; }

    /// <summary>The size of all parts but the last, in bytes; 1 or more.</summary>
    public long? PartSize { get; init; }

    /// <summary>How many parts of about the same size to make: they begin where the file system's blocks do, so that they can
    /// share them.</summary>
    public int? PartCount { get; init; }

    /// <summary>The parts' names, as <see cref="string.Format(IFormatProvider, string, object, object)"/> takes it: {0} is the
    /// file's name, {1} the part's number from 1 on. Null: the file's name, a dot, and as many digits as all need, at least
    /// three.</summary>
    public string? NameFormat { get; init; }
}
