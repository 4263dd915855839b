namespace Splice;

/// <summary>A folder to copy with all that is in it.</summary>
public sealed record TreeRequest
{
    /// <summary>The folder, where it goes, and how each file of it is copied. Ranges are for single files.</summary>
    public required CopyRequest Copy { get; init; }

    /// <summary>Whether symbolic links stand for what they lead to. Otherwise they are copied as links.</summary>
    public bool FollowSymlink { get; init; }

    /// <summary>Chooses the entries that are no folders by their names; null for all. Called on several threads.</summary>
    public Func<string, bool>? Includes { get; init; }

    /// <summary>How many files are copied at once; 0 for <see cref="DefaultThrottleLimit"/>.</summary>
    public int ThrottleLimit { get; init; }

    /// <summary>Whether each file is reported.</summary>
    public bool PerFile { get; init; }

    /// <summary>Whether folders that were there before get the source's attributes too.</summary>
    public bool AppliesToExistingFolders { get; init; }

    /// <summary>The number of processors, at most 8.</summary>
    public static int DefaultThrottleLimit => Math.Clamp(Environment.ProcessorCount, 1, 8);
}
