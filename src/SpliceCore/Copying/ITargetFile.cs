using Microsoft.Win32.SafeHandles;

namespace Splice.Copying;

/// <summary>What a copy is written to.</summary>
internal interface ITargetFile : IDisposable
{
    /// <summary>The file, open for writing.</summary>
    SafeFileHandle Handle { get; }

    /// <summary>Gives a new file its name, in one step.</summary>
    /// <param name="replace">Whether a file that has the name is replaced; otherwise it is an error.</param>
    void Commit(bool replace);

    /// <summary>The copy failed.</summary>
    /// <param name="written">The bytes that it has written.</param>
    /// <param name="good">So many bytes from its start are known to be good; null where nothing is known to be bad.</param>
    /// <returns>What the user should know of what is left of it, as a sentence; null where there is nothing to say.</returns>
    string? Abandon(long written, long? good) => null;
}
