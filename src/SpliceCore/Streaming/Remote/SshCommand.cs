using System.Globalization;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>The command line of ssh(1).</summary>
internal static class SshCommand
{
    // Options that the protocol needs regardless of ssh_config(5), as scp(1) sets them. None of them concerns trust.
    private static readonly string[] ProtocolOptions =
    [
        "-T", "-x", "-a",
        "-o", "RequestTTY=no", "-o", "RemoteCommand=none", "-o", "PermitLocalCommand=no", "-o", "ClearAllForwardings=yes",
    ];

    /// <summary>Returns the ssh that runs a command on a host.</summary>
    /// <param name="command">The command, for the login shell there.</param>
    /// <exception cref="TransferException">ssh was not found, or an option is invalid.</exception>
    public static NativeCommand Create(RemoteHost host, SshOptions options, string command)
    {
        List<string> arguments = options.ConfigFile is string file ? ["-F", CheckFile(file), .. ProtocolOptions] : [.. ProtocolOptions];
        if (host.Port is int port)
        {
            arguments.AddRange(["-p", port.ToString(CultureInfo.InvariantCulture)]);
        }

        if (host.UserName is string user)
        {
            arguments.AddRange(["-l", user]);
        }

        if ((host.KeyFilePath ?? options.KeyFilePath) is string key)
        {
            arguments.AddRange(["-i", CheckKey(key)]);
        }

        if (options.Compress)
        {
            arguments.Add("-C");
        }

        if (options.ConnectingTimeout is int seconds)
        {
            arguments.AddRange(["-o", string.Create(CultureInfo.InvariantCulture, $"ConnectTimeout={seconds}")]);
        }

        // ssh uses the first value of an option: the user's.
        foreach ((string name, string value) in options.Settings)
        {
            arguments.AddRange(["-o", $"{CheckSetting(name, name)}={CheckSetting(value, name)}"]);
        }

        if (!options.HasTerminal)
        {
            arguments.AddRange(["-o", "BatchMode=yes", "-o", string.Create(CultureInfo.InvariantCulture, $"ConnectTimeout={Tuning.ConnectTimeout}")]);
        }

        if (options.Shared is { } shared)
        {
            arguments.AddRange(shared.OptionsFor(host, options, arguments));
        }

        arguments.AddRange(["--", host.Name, command]);
        return Create(arguments);
    }

    /// <exception cref="TransferException">ssh was not found.</exception>
    public static NativeCommand Create(IReadOnlyList<string> arguments) => new() { Path = Find(), Name = "ssh", Arguments = arguments };

    public static bool RunsInParallel(RemoteRequest request) => Math.Min(request.Hosts.Count, request.ThrottleLimit) > 1;

    /// <summary>True if ssh can prompt: it opens the terminal itself.</summary>
    public static bool HasTerminal()
    {
        SysResult opened = LibC.Open("/dev/tty", LibC.O_RDWR | LibC.O_NOCTTY, out var terminal);
        terminal.Dispose();
        return opened.Ok;
    }

    /// <summary>Returns the command that a user can type to test the connection.</summary>
    public static string TextOf(RemoteHost host, SshOptions options) => $"'{LineOf(host, options)}'";

    /// <summary>Returns a line for PowerShell that creates a folder on a host.</summary>
    public static string LineToCreate(string folder, RemoteHost host, SshOptions options)
    {
        // Both PowerShell and the shell of the host read the path.
        string path = folder.StartsWith('-') ? $"./{folder}" : folder;
        bool isPlain = path.All(letter => char.IsAsciiLetterOrDigit(letter) || "/._-+=:".Contains(letter, StringComparison.Ordinal));
        return $"{LineOf(host, options)} {(isPlain ? $"mkdir -p {path}" : PowerShellText.Quote($"mkdir -p {HostScript.Quote(path)}"))}";
    }

    private static string LineOf(RemoteHost host, SshOptions options)
    {
        List<string> words = ["ssh"];
        words.AddRange(options.ConfigFile is string file ? ["-F", Quoted(file)] : []);
        words.AddRange(host.Port is int port ? ["-p", port.ToString(CultureInfo.InvariantCulture)] : []);
        words.AddRange((host.KeyFilePath ?? options.KeyFilePath) is string key ? ["-i", Quoted(key)] : []);
        words.AddRange(options.Settings.SelectMany(setting => new[] { "-o", Quoted($"{setting.Key}={setting.Value}") }));
        words.Add(host.UserName is string user ? $"{user}@{host.Name}" : host.Name);
        return string.Join(' ', words);
    }

    private static string Quoted(string word) =>
        word.All(letter => char.IsAsciiLetterOrDigit(letter) || "/._-+=:@,".Contains(letter, StringComparison.Ordinal)) ? word : $"\"{word}\"";

    private static string Find()
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':'))
        {
            string path = Path.Combine(folder, "ssh");
            if (Path.IsPathRooted(path) && File.Exists(path) && LibC.MayExecute(path).Ok)
            {
                return path;
            }
        }

        throw new TransferException(TransferErrorId.SshNotFound,
            "ssh was not found in PATH.",
            "Install the OpenSSH client (package openssh-client, openssh-clients or openssh).",
            Errno.ENOENT, "ssh");
    }

    private static string CheckFile(string path)
    {
        PathCheck.Name(path);
        return path;
    }

    private static string CheckKey(string path)
    {
        PathCheck.Name(path);
        return path.Contains('%', StringComparison.Ordinal) || path.Contains("${", StringComparison.Ordinal)
            ? throw new TransferException(TransferErrorId.InvalidPath,
                $"'{path}' contains '%' or '${{', which ssh expands.",
                "Rename the key file.",
                Errno.EINVAL, path)
            : path;
    }

    private static string CheckSetting(string text, string name)
    {
        bool isName = ReferenceEquals(text, name);
        if (text.Length == 0 || !PathCheck.IsValidUtf16(text) || text.Any(char.IsControl) || (isName && !text.All(char.IsAsciiLetterOrDigit)))
        {
            throw new TransferException(TransferErrorId.InvalidArgument,
                $"Invalid ssh setting '{name}': a name has letters and digits only, and a value is one line and not empty.",
                "See ssh_config(5).",
                Errno.EINVAL, name);
        }

        return text;
    }
}
