namespace Splice;

/// <summary>One file that is sent to one or many hosts. It is read once for as many as are sent to at once.</summary>
public sealed record SendRequest : RemoteRequest
{
    /// <summary>The file: an absolute path.</summary>
    public required string Source { get; init; }

    /// <summary>Where to, on each host: a path, relative to where ssh begins there (the home folder). A folder takes the
    /// source's name.</summary>
    public required string Destination { get; init; }
}
