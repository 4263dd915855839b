using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Splice.Copying;

namespace Splice;

/// <summary>A host that ssh connects to: a name, an address, or an alias of the user's ssh_config(5).</summary>
public sealed record RemoteHost
{
    private const string Refused = "'`\"$\\;&<>|(){}*?!#~%/,@^=[]";

    private RemoteHost(string text, string name, string? userName, int? port)
    {
        Text = text;
        Name = name;
        UserName = userName;
        Port = port;
    }

    /// <summary>The host as the user gave it.</summary>
    public string Text { get; }

    /// <summary>The name or address alone.</summary>
    public string Name { get; }

    /// <summary>The user on the host; null for ssh's choice.</summary>
    public string? UserName { get; }

    /// <summary>The port, from 1 to 65535; null for ssh's choice.</summary>
    public int? Port { get; }

    /// <summary>Takes apart host, user@host, host:port, [address]:port, and an IPv6 address without brackets.</summary>
    /// <param name="text">As the user gave it.</param>
    /// <param name="userName">The user where the text names none.</param>
    /// <param name="port">The port where the text names none.</param>
    /// <returns>The host.</returns>
    /// <exception cref="TransferException">It names no host, or has characters that ssh or a shell would take for something
    /// else.</exception>
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

    /// <inheritdoc />
    public override string ToString() => Text;

    private static (string Name, string? Port) Split(string rest, string text)
    {
        if (rest.StartsWith('['))
        {
            int end = rest.IndexOf(']', StringComparison.Ordinal);
            if (end < 0 || !IsAddress(rest[1..end]))
            {
                throw Invalid(text, "what is in brackets is no IPv6 address");
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

    /// <summary>An IPv6 address, perhaps with the name of an interface behind it.</summary>
    private static bool IsAddress(string text) =>
        text.Contains(':', StringComparison.Ordinal)
        && IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    private static int Number(string port, string text) =>
        int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw Invalid(text, "what follows the colon is no port");

    private static void CheckName(string name, string text)
    {
        bool isAddress = IsAddress(name);
        if (name.Trim('.').Length == 0)
        {
            throw Invalid(text, "it names no host");
        }

        // '%' comes before an address's interface only.
        if (name.StartsWith('-') || name.Any(c => !IsHarmless(c) && !(isAddress && c == '%')) || (!isAddress && name.Contains(':', StringComparison.Ordinal)))
        {
            throw Invalid(text, "it must not start with '-' or contain spaces or shell characters");
        }
    }

    private static void CheckUser(string user, string text)
    {
        if (user.Length == 0 || user.StartsWith('-') || user.Any(c => !IsHarmless(c) && c != '@'))
        {
            throw Invalid(text.Length == 0 ? user : text, "the user name must not be empty, start with '-' or contain spaces or shell characters");
        }
    }

    private static bool IsHarmless(char c) =>
        c > ' ' && c != 0x7F && !char.IsControl(c) && !char.IsWhiteSpace(c) && !char.IsSurrogate(c) && !Refused.Contains(c, StringComparison.Ordinal);

    private static TransferException Invalid(string text, string why) => new(TransferErrorId.InvalidHostName,
        $"Invalid host name '{text}': {why}.",
        "Give host, user@host, host:port or [address]:port; anything else can be an alias in ~/.ssh/config.",
        Errno.EINVAL, PathCheck.IsValidUtf16(text) ? text : null);
}
