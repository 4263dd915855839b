using System.Text.RegularExpressions;
using Xunit;

namespace Splice.Tests;

/// <summary>The floors of the engine: a file uses types of its own folder and of the folders below it.</summary>
public sealed partial class FloorTests
{
    /// <summary>From the bottom.</summary>
    private static readonly string[] Floors =
    [
        "Interop", "Errors", "Descriptors", "Transfer", "Copying", "Comparing", "Moving", "Sync", "Streaming",
        "Streaming/Processes", "Streaming/Remote", "Probing", "Measuring",
    ];

    [Fact]
    public void No_file_uses_what_is_above_it()
    {
        string? root = Root();
        Assert.SkipWhen(root is null, "the sources are not here");
        Dictionary<string, string> files = Directory.EnumerateFiles(Path.Combine(root!, "src/SpliceCore"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .ToDictionary(file => file, file => Ignored().Replace(File.ReadAllText(file), string.Empty));
        var homes = files
            .SelectMany(file => Declaration().Matches(file.Value).Select(match => (Type: match.Groups[1].Value, Floor: FloorOf(root!, file.Key))))
            .GroupBy(home => home.Type).Where(homes => homes.Count() == 1).ToDictionary(homes => homes.Key, homes => homes.Single().Floor);
        Assert.True(homes.Count > 200, "the declarations were not found");

        var upward =
            from file in files
            let floor = FloorOf(root!, file.Key)
            from type in Use().Matches(file.Value).Select(match => match.Groups[1].Value).Distinct()
            where homes.TryGetValue(type, out int home) && home > floor
            select $"{Path.GetFileName(file.Key)} uses {type}";

        Assert.Empty(upward);
    }

    private static int FloorOf(string root, string file)
    {
        string folder = Path.GetRelativePath(Path.Combine(root, "src/SpliceCore"), Path.GetDirectoryName(file)!);
        int floor = Array.FindLastIndex(Floors, name => folder == name || folder.StartsWith($"{name}/", StringComparison.Ordinal));
        Assert.True(floor >= 0, $"'{folder}' is not one of the floors");
        return floor;
    }

    internal static string? Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Splice.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName;
    }

    /// <summary>Comments, text, and the namespaces before names.</summary>
    [GeneratedRegex(@"//[^\n]*|""(?:[^""\\\n]|\\.)*""|\bSplice\.(?:[A-Z]\w+\.)*")]
    private static partial Regex Ignored();

    [GeneratedRegex(@"^(?:public|internal) (?:[a-z]+ )*(?:class|record struct|record|struct|enum|interface|delegate \S+) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    /// <summary>A name as a type's: no member's behind a dot, and none that is declared or called.</summary>
    [GeneratedRegex(@"(?<![.\w])(?:new )?([A-Z]\w+)(?=\??[\s>\].,)\[<]|(?<=new \w+)[({])")]
    private static partial Regex Use();
}
