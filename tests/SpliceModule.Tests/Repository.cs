namespace Splice.ModuleTests;

/// <summary>The repository that the tests were built in.</summary>
internal static class Repository
{
    /// <summary>The folder with the solution in it.</summary>
    public static string Folder { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "Splice.slnx")) ? folder : Find(Path.GetDirectoryName(folder)!);
}
