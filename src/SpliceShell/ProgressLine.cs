using System.Management.Automation;

namespace Splice.Shell;

/// <summary>One line of a terminal that tells how far the work is, written over again and again.</summary>
internal sealed class ProgressLine(ShellOutput terminal)
{
    private const int NarrowWidth = 79;

    private int _shown;

    public void Show(ProgressRecord record)
    {
        if (record.RecordType == ProgressRecordType.Completed)
        {
            Clear();
        }
        else if (terminal.IsTerminal)
        {
            Overwrite(Describe(record));
        }
    }

    public void Clear()
    {
        if (_shown > 0)
        {
            terminal.Write($"\r{new string(' ', _shown)}\r");
            _shown = 0;
        }
    }

    private static string Describe(ProgressRecord record)
    {
        string percent = record.PercentComplete < 0 ? string.Empty : $" {record.PercentComplete}%";
        string text = $"{record.Activity}:{percent} {record.StatusDescription}";

        // A file name may hold a line feed or an escape sequence.
        return string.Concat(text.Select(letter => char.IsControl(letter) ? '?' : letter));
    }

    private void Overwrite(string text)
    {
        // A line as wide as the terminal would wrap. Some terminals give 0 for their width.
        int room = Console.WindowWidth > 1 ? Console.WindowWidth - 1 : NarrowWidth;
        string line = text.Length > room ? text[..room] : text;
        terminal.Write($"\r{line.PadRight(_shown)}");
        _shown = line.Length;
    }
}
