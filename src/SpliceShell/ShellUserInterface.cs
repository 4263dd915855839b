using System.Collections;
using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace Splice.Shell;

/// <summary>Prints for the engine, and asks for it.</summary>
internal sealed class ShellUserInterface : PSHostUserInterface
{
    private readonly ShellInput _input;
    private readonly ShellOutput _error = new(Console.Error, !Console.IsErrorRedirected);
    private readonly ProgressLine _progress;
    private readonly ShellRawUserInterface _rawUI;
    private ShellOutput _output = new(Console.Out, !Console.IsOutputRedirected);

    public ShellUserInterface(ShellInput input)
    {
        _input = input;
        _progress = new ProgressLine(_error);
        _rawUI = new ShellRawUserInterface(input);
    }

    public override PSHostRawUserInterface RawUI => _rawUI;

    // Where only one of the streams has colors, the other one takes them out again.
    public override bool SupportsVirtualTerminal => _output.HasColors || _error.HasColors;

    public override void Write(string value) => Write(_output, value);

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value)
    {
        string foreground = foregroundColor == _rawUI.ForegroundColor
            ? string.Empty
            : PSStyle.MapForegroundColorToEscapeSequence(foregroundColor);
        string background = backgroundColor == _rawUI.BackgroundColor
            ? string.Empty
            : PSStyle.MapBackgroundColorToEscapeSequence(backgroundColor);
        Write(foreground + background + value + PSStyle.Instance.Reset);
    }

    public override void WriteLine(string value) => WriteLine(_output, value);

    public override void WriteErrorLine(string value) => WriteLine(_error, value);

    public override void WriteWarningLine(string message) =>
        WriteStyled(PSStyle.Instance.Formatting.Warning, $"WARNING: {message}");

    public override void WriteVerboseLine(string message) =>
        WriteStyled(PSStyle.Instance.Formatting.Verbose, $"VERBOSE: {message}");

    public override void WriteDebugLine(string message) =>
        WriteStyled(PSStyle.Instance.Formatting.Debug, $"DEBUG: {message}");

    public override void WriteProgress(long sourceId, ProgressRecord record) =>
        _progress.Show(record);

    /// <summary>Prints everything to standard error from now on.</summary>
    public void TurnToError() => _output = _error;

    /// <summary>Makes room for text of others on the terminal.</summary>
    public void ClearProgress() => _progress.Clear();

    // At the end of the input this is null, as in pwsh.
    public override string? ReadLine()
    {
        string? line = _input.ReadLine();
        if (Console.IsInputRedirected)
        {
            // The log of a run shows the answers, as a terminal does.
            WriteLine(line ?? string.Empty);
        }

        return line;
    }

    public override SecureString ReadLineAsSecureString()
    {
        SecureString secret = _input.ReadSecret();
        WriteLine();
        return secret;
    }

    public override int PromptForChoice(
        string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
    {
        ChoicePrompt prompt = new(choices, defaultChoice);
        WriteHeading(caption, message);
        while (true)
        {
            Write(prompt.Question);
            string? answer = ReadLine();
            if (answer is null && defaultChoice < 0)
            {
                throw new PromptingException("The input ended before the question was answered.");
            }

            string trimmed = answer?.Trim() ?? string.Empty;
            if (trimmed == "?")
            {
                WriteLine(prompt.Help);
                continue;
            }

            int choice = prompt.Find(trimmed);
            if (choice >= 0)
            {
                return choice;
            }
        }
    }

    // What is missing from the answers the engine reports as missing parameters.
    public override Dictionary<string, PSObject> Prompt(
        string caption, string message, Collection<FieldDescription> descriptions)
    {
        Dictionary<string, PSObject> answers = [];
        WriteHeading(caption, message);
        foreach (FieldDescription description in descriptions)
        {
            if (!string.IsNullOrEmpty(description.HelpMessage))
            {
                WriteLine(description.HelpMessage);
            }

            if (Ask(description) is not { } answer)
            {
                break;
            }

            answers.Add(description.Name, PSObject.AsPSObject(answer));
        }

        return answers;
    }

    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName) =>
        PromptForCredential(
            caption, message, userName, targetName, PSCredentialTypes.Default, PSCredentialUIOptions.Default);

    public override PSCredential PromptForCredential(
        string caption,
        string message,
        string userName,
        string targetName,
        PSCredentialTypes allowedCredentialTypes,
        PSCredentialUIOptions options)
    {
        WriteHeading(caption, message);
        if (string.IsNullOrEmpty(userName))
        {
            Write("User: ");
            userName = ReadLine() ?? throw new PromptingException("The input ended before the user was named.");
        }

        Write($"Password for user {userName}: ");
        return new PSCredential(userName, ReadLineAsSecureString());
    }

    private object? Ask(FieldDescription description)
    {
        // The engine converts text to any other type.
        Type? type = Type.GetType(description.ParameterAssemblyFullName);
        if (type == typeof(PSCredential))
        {
            return PromptForCredential(string.Empty, description.Name, string.Empty, string.Empty);
        }

        if (typeof(IList).IsAssignableFrom(type))
        {
            return AskForList(description.Name);
        }

        Write($"{description.Name}: ");
        return type == typeof(SecureString) ? ReadLineAsSecureString() : ReadLine();
    }

    private string[]? AskForList(string name)
    {
        List<string> items = [];
        while (true)
        {
            Write($"{name}[{items.Count}]: ");
            string? item = ReadLine();
            if (string.IsNullOrEmpty(item))
            {
                return item is null && items.Count == 0 ? null : [.. items];
            }

            items.Add(item);
        }
    }

    private void WriteHeading(string caption, string message)
    {
        if (!string.IsNullOrEmpty(caption))
        {
            WriteLine();
            WriteLine(caption);
        }

        if (!string.IsNullOrEmpty(message))
        {
            WriteLine(message);
        }
    }

    private void WriteStyled(string style, string text) => WriteLine(style + text + PSStyle.Instance.Reset);

    private void WriteLine(ShellOutput output, string value)
    {
        // The engine ends an error with an empty line, which pwsh leaves out too.
        if (output != _error || !string.IsNullOrEmpty(value))
        {
            Write(output, value + Environment.NewLine);
        }
    }

    private void Write(ShellOutput output, string value)
    {
        ClearProgress();
        output.Write(value);
    }
}
