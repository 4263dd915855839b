using System.Management.Automation;
using System.Security;

namespace Splice.Shell;

/// <summary>Standard input. Whoever waits for it stops waiting when the shell is told to stop.</summary>
internal sealed class ShellInput(CancellationToken stopping)
{
    /// <summary>Reads a line, or null at the end of the input.</summary>
    public string? ReadLine() => Wait(Console.In.ReadLine);

    /// <summary>Reads a line that the terminal does not show.</summary>
    public SecureString ReadSecret()
    {
        SecureString secret = new();
        if (Console.IsInputRedirected)
        {
            foreach (char letter in ReadLine() ?? string.Empty)
            {
                secret.AppendChar(letter);
            }

            return secret;
        }

        while (ReadKey() is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace && secret.Length > 0)
            {
                secret.RemoveAt(secret.Length - 1);
            }
            else if (!char.IsControl(key.KeyChar))
            {
                secret.AppendChar(key.KeyChar);
            }
        }

        return secret;
    }

    /// <summary>Reads a key that the terminal does not show.</summary>
    public ConsoleKeyInfo ReadKey() => Wait(() => Console.ReadKey(intercept: true));

    private T Wait<T>(Func<T> read)
    {
        try
        {
            return Task.Run(read).WaitAsync(stopping).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }
    }
}
