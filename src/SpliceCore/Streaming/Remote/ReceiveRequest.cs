namespace Splice;

/// <summary>One file that is received from one or many hosts.</summary>
public sealed record ReceiveRequest : RemoteRequest
{
    /// <summary>The file on each host: a path, relative to where ssh begins there (the home folder).</summary>
    public required string Source { get; init; }

    /// <summary>Where to: an absolute path. A folder takes the source's name; where there are several hosts, it takes a folder
    /// of each host's name.</summary>
    public required string Destination { get; init; }
}
