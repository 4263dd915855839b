using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace Splice.Completion;

/// <summary>The hosts that are named in the user's ssh_config(5) and known_hosts: no pattern is one, and no name that was
/// hashed can be told.</summary>
internal static partial class SshHosts
{
    // As ssh itself.
    private const int DeepestInclude = 16;

    /// <summary>A host.</summary>
    /// <param name="Name">What ssh can be given.</param>
    /// <param name="Origin">Where it is named.</param>
    public readonly record struct Host(string Name, string Origin);

    /// <summary>All of them, each once, those of the configuration first.</summary>
    /// <param name="home">The user's folder.</param>
    public static IEnumerable<Host> Find(string home) =>
        Configured(Path.Combine(home, ".ssh", "config"), home, depth: 0)
            .Concat(Known(Path.Combine(home, ".ssh", "known_hosts")))
            .DistinctBy(host => host.Name)
            .Where(host => IsHost(host.Name));

    private static IEnumerable<Host> Configured(string file, string home, int depth)
    {
        foreach (string line in Lines(file))
        {
            Match option = Option().Match(line);
            IEnumerable<string> values = Value().Matches(option.Groups["values"].Value).Select(value => value.Value.Trim('"'));
            if (option.Groups["keyword"].Value.Equals("Host", StringComparison.OrdinalIgnoreCase))
            {
                foreach (string name in values.Where(name => name.IndexOfAny(['*', '?', '!']) < 0))
                {
                    yield return new Host(name, $"Host of {file}");
                }
            }
            else if (depth < DeepestInclude && option.Groups["keyword"].Value.Equals("Include", StringComparison.OrdinalIgnoreCase))
            {
                foreach (Host host in values.SelectMany(value => Included(value, home)).SelectMany(found => Configured(found, home, depth + 1)))
                {
                    yield return host;
                }
            }
        }
    }

    /// <summary>The files that a pattern means; one that is relative is beside the user's configuration.</summary>
    private static IEnumerable<string> Included(string pattern, string home)
    {
        string path = pattern.StartsWith("~/", StringComparison.Ordinal)
            ? Path.Combine(home, pattern[2..])
            : Path.Combine(home, ".ssh", pattern);
        string folder = Path.GetDirectoryName(path)!;
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder).Where(file => FileSystemName.MatchesSimpleExpression(Path.GetFileName(path), Path.GetFileName(file), ignoreCase: false)).Order(StringComparer.Ordinal)
            : [];
    }

    private static IEnumerable<Host> Known(string file) =>
        from line in Lines(file)
        where line.Length > 0 && line[0] is not ('#' or '@' or '|')
        from name in line.Split(' ', '\t')[0].Split(',')
        where name.IndexOfAny(['*', '?', '!']) < 0
        select new Host(WithPort(name), $"Known host of {file}");

    /// <summary>[name]:port is name:port here, unless what is in the brackets is an address with colons.</summary>
    private static string WithPort(string name) =>
        name.StartsWith('[') && name.IndexOf(']', StringComparison.Ordinal) is > 0 and var end && !name[..end].Contains(':', StringComparison.Ordinal)
            ? name[1..end] + name[(end + 1)..]
            : name;

    /// <summary>A file that cannot be read has none: whoever presses a key wants no error.</summary>
    private static IEnumerable<string> Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file).Select(line => line.Trim());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static bool IsHost(string name)
    {
        try
        {
            RemoteHost.Parse(name);
            return true;
        }
        catch (TransferException)
        {
            return false;
        }
    }

    [GeneratedRegex("^(?<keyword>[A-Za-z]+)(\\s*=\\s*|\\s+)(?<values>[^#]*)")]
    private static partial Regex Option();

    [GeneratedRegex("\"[^\"]*\"|\\S+")]
    private static partial Regex Value();
}
