using System.Management.Automation;

// Runs a script, and prints what it emits and its errors, a line each.
using var shell = PowerShell.Create();
shell.AddScript(File.ReadAllText(args[0]));
foreach (PSObject result in shell.Invoke())
{
    Console.WriteLine(result);
}

foreach (ErrorRecord error in shell.Streams.Error)
{
    Console.WriteLine($"error {error.FullyQualifiedErrorId}: {error}");
}
