using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Splice.Copying;

namespace Splice;

/// <summary>A host that ssh connects to: a name, an address, or an alias of the user's ssh_config(5).</summary>
public sealed record RemoteHost
{
    private const int MostHosts = 1 << 16;

    private const string Refused = "'`\"$\\;&<>|(){}*?!#~%/,@^=[]:";

    private static readonly Regex Range = new(@"\[([^\]:]*)\]", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    private RemoteHost(string text, string name, string? userName, int? port)
    {
        Text = text;
        Name = name;
        UserName = userName;
        Port = port;
    }

    /// <summary>The host as specified, or as <see cref="Distinguish"/> names it.</summary>
    public string Text { get; private init; }

    /// <summary>The name or address alone.</summary>
    public string Name { get; }

    /// <summary>The user on the host; null for ssh's choice.</summary>
    public string? UserName { get; }

    /// <summary>The port, from 1 to 65535; null for ssh's choice.</summary>
    public int? Port { get; }

    /// <summary>The file of the private key: an absolute path; null for that of the request.</summary>
    public string? KeyFilePath { get; init; }

    /// <summary>The destination for this host; null for that of the request.</summary>
    public string? Destination { get; init; }

    /// <summary>Expands ranges as clush(1) and pdsh(1) do: web[01-03,7] is web01, web02, web03 and web7.</summary>
    /// <param name="text">The text. Brackets with a colon are those of an IPv6 address.</param>
    /// <returns>The hosts, or the text itself if it has no range.</returns>
    /// <exception cref="TransferException">A range is invalid, or there are more than 65,536 hosts.</exception>
    public static IReadOnlyList<string> Expand(string text)
    {
        Match match = Range.Match(text);
        if (!match.Success)
        {
            return [text];
        }

        List<string> hosts = [];
        foreach (string part in match.Groups[1].Value.Split(','))
        {
            string[] ends = part.Split('-');
            bool isRange = ends.Length is 1 or 2 && ends.All(end => end.Length is > 0 and < 10 && end.All(char.IsAsciiDigit));
            int first = isRange ? int.Parse(ends[0], CultureInfo.InvariantCulture) : 0;
            int last = isRange ? int.Parse(ends[^1], CultureInfo.InvariantCulture) : -1;
            if (last < first)
            {
                throw Invalid(text, $"'{part}' is not a number or an ascending range of numbers");
            }

            if (last - (long)first + hosts.Count >= MostHosts)
            {
                throw Invalid(text, "it stands for more than 65,536 hosts");
            }

            for (int i = first; i <= last; i++)
            {
                // Leading zeros keep the width.
                string number = i.ToString(CultureInfo.InvariantCulture).PadLeft(ends[0].Length, '0');
                hosts.AddRange(Expand($"{text[..match.Index]}{number}{text[(match.Index + match.Length)..]}"));
            }
        }

        return hosts.Count > MostHosts ? throw Invalid(text, "it stands for more than 65,536 hosts") : hosts;
    }

    /// <summary>Parses host, user@host, host:port, [address]:port, and an IPv6 address without brackets.</summary>
    /// <param name="text">The text.</param>
    /// <param name="userName">The user if the text has none.</param>
    /// <param name="port">The port if the text has none.</param>
    /// <exception cref="TransferException">It has no host, or contains characters that are special to ssh or a shell.</exception>
    public static RemoteHost Parse(string text, string? userName = null, int? port = null)
    {
        int at = text.LastIndexOf('@');
        string user = at < 0 ? userName ?? string.Empty : text[..at];
        if (at >= 0 || userName is not null)
        {
            CheckUser(user, text);
        }

        string rest = text[(at + 1)..];
        (string name, string? number) = Split(rest, text);
        int? chosen = number is null ? port : Number(number, text);
        CheckName(name, text);
        return chosen is < 1 or > ushort.MaxValue
            ? throw Invalid(text, "its port is not from 1 to 65535")
            : new RemoteHost(text, name, user.Length == 0 ? null : user, chosen);
    }

    /// <summary>Gives different hosts different texts: where one text stands for several users or ports, the text of each host of that
    /// name is its full specification.</summary>
    /// <param name="hosts">The hosts, in any number.</param>
    public static IReadOnlyList<RemoteHost> Distinguish(IReadOnlyList<RemoteHost> hosts)
    {
        HashSet<string> names = [.. hosts.GroupBy(host => host.Text).Where(same => same.DistinctBy(host => host.Specification).Skip(1).Any()).Select(same => same.First().Name)];
        return [.. hosts.Select(host => names.Contains(host.Name) ? host with { Text = host.Specification } : host)];
    }

    /// <inheritdoc />
    public override string ToString() => Text;

    private string Specification
    {
        get
        {
            string user = UserName is null ? string.Empty : $"{UserName}@";
            return user + (Port is not int port ? Name : string.Create(CultureInfo.InvariantCulture, $"{(IsAddress(Name) ? $"[{Name}]" : Name)}:{port}"));
        }
    }

    private static (string Name, string? Port) Split(string rest, string text)
    {
        if (rest.StartsWith('['))
        {
            int end = rest.IndexOf(']', StringComparison.Ordinal);
            if (end < 0 || !IsAddress(rest[1..end]))
            {
                throw Invalid(text, "the text in brackets is not an IPv6 address");
            }

            return rest[(end + 1)..] switch
            {
                "" => (rest[1..end], null),
                [':', .. string port] => (rest[1..end], port),
                _ => throw Invalid(text, "only a colon and a port may follow the bracket"),
            };
        }

        int colon = rest.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || IsAddress(rest) ? (rest, null) : (rest[..colon], rest[(colon + 1)..]);
    }

    private static bool IsAddress(string text) =>
        text.Contains(':', StringComparison.Ordinal)
        && IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    private static int Number(string port, string text) =>
        int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw Invalid(text, "the text after the colon is not a port");

    private static void CheckName(string name, string text)
    {
        bool isAddress = IsAddress(name);
        if (name.Trim('.').Length == 0)
        {
            throw Invalid(text, "it has no host");
        }

        // '%' precedes the interface of an address.
        if (FindFlaw(name, isAddress ? "%:" : string.Empty) is { } flaw)
        {
            throw Invalid(text, $"it {flaw}");
        }
    }

    private static void CheckUser(string user, string text)
    {
        if ((user.Length == 0 ? "must not be empty" : FindFlaw(user, "@:")) is { } flaw)
        {
            throw Invalid(text.Length == 0 ? user : text, $"the user name {flaw}");
        }
    }

    /// <summary>Describes what is wrong with a name, as the end of a sentence; null if nothing is.</summary>
    private static string? FindFlaw(string name, string allowed)
    {
        if (name.StartsWith('-'))
        {
            return "must not start with '-'";
        }

        int index = name.ToList().FindIndex(c => !IsHarmless(c) && !allowed.Contains(c, StringComparison.Ordinal));
        return index < 0 ? null
            : Refused.Contains(name[index], StringComparison.Ordinal) ? $"must not contain '{name[index]}'"
            : char.IsWhiteSpace(name[index]) ? "must not contain spaces"
            : $"must not contain the character U+{(int)name[index]:X4}";
    }

    private static bool IsHarmless(char c) =>
        c > ' ' && c != 0x7F && !char.IsControl(c) && !char.IsWhiteSpace(c) && !char.IsSurrogate(c) && !Refused.Contains(c, StringComparison.Ordinal);

    private static TransferException Invalid(string text, string why) => new(TransferErrorId.InvalidHostName,
        $"Invalid host name '{text}': {why}.",
        "Use host, user@host, host:port, [address]:port or a range (web[01-20]); anything else can be an alias in ~/.ssh/config.",
        Errno.EINVAL, PathCheck.IsValidUtf16(text) ? text : null);
}
