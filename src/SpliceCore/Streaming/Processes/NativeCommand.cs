namespace Splice;

/// <summary>A program to start, with its arguments.</summary>
public sealed record NativeCommand
{
    /// <summary>The program's file: an absolute path.</summary>
    public required string Path { get; init; }

    /// <summary>What the program is called, to itself and in messages.</summary>
    public required string Name { get; init; }

    /// <summary>Its arguments, without the name.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Where its standard error goes.</summary>
    public ErrorTarget ErrorTarget { get; init; }

    /// <summary>The file for <see cref="ErrorTarget.File"/>: an absolute path.</summary>
    public string? ErrorFile { get; init; }

    /// <summary>Whether that file is added to; otherwise it begins anew.</summary>
    public bool AppendsErrors { get; init; }
}
