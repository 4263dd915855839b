using System.Diagnostics;

namespace Splice.ModuleTests;

/// <summary>Named pipes.</summary>
public static class Fifo
{
    /// <summary>Makes one.</summary>
    /// <param name="path">Where.</param>
    public static string Make(string path)
    {
        using var process = Process.Start("mkfifo", [path]);
        process.WaitForExit();
        return path;
    }
}
