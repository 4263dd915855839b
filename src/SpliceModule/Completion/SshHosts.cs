using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace Splice.Completion;

/// <summary>The hosts in the user's ssh_config(5) and known_hosts, without patterns and hashed names.</summary>
internal static partial class SshHosts
{
    private const int DeepestInclude = 16; // as ssh itself

    /// <summary>A host, and the file that names it.</summary>
    public readonly record struct Host(string Name, string Origin);

    /// <summary>Returns each host once, those of the configuration first.</summary>
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

    // A relative pattern is one of the folder of the user's configuration.
    private static IEnumerable<string> Included(string pattern, string home)
    {
        string path = pattern.StartsWith("~/", StringComparison.Ordinal)
            ? Path.Combine(home, pattern[2..])
            : Path.Combine(home, ".ssh", pattern);
        string folder = Path.GetDirectoryName(path)!;
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder)
                .Where(file => FileSystemName.MatchesSimpleExpression(Path.GetFileName(path), Path.GetFileName(file), ignoreCase: false))
                .Order(StringComparer.Ordinal)
            : [];
    }

    private static IEnumerable<Host> Known(string file) =>
        from line in Lines(file)
        where line.Length > 0 && line[0] is not ('#' or '@' or '|')
        from name in line.Split(' ', '\t')[0].Split(',')
        where name.IndexOfAny(['*', '?', '!']) < 0
        select new Host(WithPort(name), $"Known host of {file}");

    // [name]:port is name:port here, unless an address with colons is in the brackets.
    private static string WithPort(string name) =>
        name.StartsWith('[') && name.IndexOf(']', StringComparison.Ordinal) is > 0 and var end && !name[..end].Contains(':', StringComparison.Ordinal)
            ? name[1..end] + name[(end + 1)..]
            : name;

    // A file that cannot be read has no lines: completion reports no error.
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
