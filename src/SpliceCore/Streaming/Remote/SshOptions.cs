namespace Splice;

/// <summary>How ssh connects. What is not said here is said by the user's ssh_config(5).</summary>
public sealed record SshOptions
{
    /// <summary>The file of the private key: an absolute path; null for ssh's choice.</summary>
    public string? KeyFilePath { get; init; }

    /// <summary>Settings of ssh_config(5): names and values.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>How long a connection may take to come about, in whole seconds, 1 or more; null for ssh's choice.</summary>
    public int? ConnectingTimeout { get; init; }

    /// <summary>Whether ssh compresses what it sends.</summary>
    public bool Compress { get; init; }
}
