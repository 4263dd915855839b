namespace Splice;

/// <summary>What is where a copy goes.</summary>
public enum ForecastKind
{
    /// <summary>The name is free.</summary>
    Nothing,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A device, a FIFO or a socket.</summary>
    Special,
}
