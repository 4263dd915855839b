using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>Gives the commands a terminal that shows what is typed, line by line, and puts it back afterwards: PowerShell's
/// line editor leaves it without echo, and a command that is killed may do so as well.</summary>
internal sealed class TerminalScope : IDisposable
{
    private const int Terminal = CommandStreams.StandardInput;

    private readonly LibC.TerminalMode _before;
    private readonly bool _isOurs;

    public TerminalScope()
    {
        _isOurs = LibC.GetTerminalMode(Terminal, out _before).Ok && LibC.IsForeground(Terminal);
        if (_isOurs)
        {
            LibC.TerminalMode mode = _before;
            mode.Input |= LibC.ICRNL | LibC.IXON;
            mode.Local |= LibC.ISIG | LibC.ICANON | LibC.ECHO | LibC.IEXTEN;
            LibC.SetTerminalMode(Terminal, mode);
        }
    }

    public void Dispose()
    {
        if (_isOurs && LibC.IsForeground(Terminal))
        {
            LibC.SetTerminalMode(Terminal, _before);
        }
    }
}

/// <summary>Keeps the numbers 0, 1 and 2 from what is opened for a pipeline, where this process was started without one of
/// them: a command's descriptors are moved to these numbers one after the other.</summary>
internal sealed class StandardDescriptors : IDisposable
{
    private const int StandardError = 2;

    private readonly List<SafeFileHandle> _taken = [];

    public StandardDescriptors()
    {
        SysResult opened;
        do
        {
            opened = LibC.Open("/dev/null", OpenFlags.ReadWrite, out SafeFileHandle handle);
            _taken.Add(handle);
        }
        while (opened.Ok && opened.Value < StandardError);

        if (!opened.Ok || opened.Value > StandardError)
        {
            _taken[^1].Dispose();
            _taken.RemoveAt(_taken.Count - 1);
        }
    }

    public void Dispose() => _taken.ForEach(handle => handle.Dispose());
}
