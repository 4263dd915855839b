namespace Splice.Shell;

/// <summary>What the command line asks for.</summary>
internal sealed class ShellArguments
{
    public const string HelpText = """
        Runs PowerShell code with the Splice module, on machines that have no pwsh.

          SpliceShell [-File] <script.ps1> [<argument> ...]
          SpliceShell -Command <text>
          SpliceShell -Help

        -File     Runs a script. Its arguments are read as pwsh reads them:
                  value, -Name value, -Switch, -Switch:$false.
        -Command  Runs a piece of PowerShell code, and ends with 0 or 1 as its last statement
                  succeeded or failed. The short form is -c.
        -Help     Prints this text. So do -h, --help and -?.

        Code that says "exit 3" makes the shell end with 3.

        This is the PowerShell engine, not the whole of pwsh. It has
          - the PowerShell language, .NET, and native commands (ls, cat, sha256sum ...),
          - the engine's own cmdlets (ForEach-Object, Where-Object, Import-Module, Get-Command,
            Get-Help, Out-Default ...),
          - the Splice cmdlets (Copy-ItemZeroCopy, Copy-StreamZeroCopy, Invoke-Splice and others).
        It does not have the other stock cmdlets of pwsh (Get-ChildItem, Get-Content, Sort-Object,
        Write-Host, Out-String, Out-File ...). Without the last two, objects go neither through a
        pipe into a native command nor with > into a file. There is no interactive prompt either.
        Install PowerShell 7 for all of these.
        """;

    /// <summary>The PowerShell code to run; null asks for the help.</summary>
    public string? Code { get; private init; }

    /// <summary>Why the command line cannot be followed.</summary>
    public string? Problem { get; private init; }

    public static ShellArguments Parse(string[] args)
    {
        if (args.Length == 0)
        {
            return new() { Problem = HelpText };
        }

        string[] rest = args[1..];
        return args[0].ToLowerInvariant() switch
        {
            "-h" or "-help" or "--help" or "-?" => new(),
            "-c" or "-command" when rest.Length == 0 => new() { Problem = "-Command needs the code to run." },
            "-c" or "-command" => new() { Code = string.Join(' ', rest) },
            "-f" or "-file" when rest.Length == 0 => new() { Problem = "-File needs the path of a script." },
            "-f" or "-file" => ForFile(rest[0], rest[1..]),
            ['-', ..] => new() { Problem = $"'{args[0]}' is not an option of this shell. See -Help." },
            _ => ForFile(args[0], rest),
        };
    }

    private static ShellArguments ForFile(string path, string[] args)
    {
        if (!File.Exists(path))
        {
            return new()
            {
                Problem = $"The argument '{path}' is not recognized as the name of a script file. Check the spelling "
                    + "of the name, or if a path was included, verify that the path is correct and try again.",
            };
        }

        // The engine would run any other file as a native command.
        return path.EndsWith(".ps1", StringComparison.OrdinalIgnoreCase)
            ? new() { Code = ScriptCall.Write(path, args) }
            : new() { Problem = $"'{path}' is not a script: its name does not end in .ps1." };
    }
}
