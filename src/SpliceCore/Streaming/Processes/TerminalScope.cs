using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>Sets the terminal to echo and line input for the commands, and restores it afterwards: PowerShell's line editor leaves it
/// without echo, and a killed command may do so as well.</summary>
internal sealed class TerminalScope : IDisposable
{
    private const int Terminal = CommandStreams.StandardInput;

    private readonly LibC.TerminalMode _before;
    private readonly bool _isSet;

    public TerminalScope()
    {
        _isSet = LibC.GetTerminalMode(Terminal, out _before).Ok && LibC.IsForeground(Terminal);
        if (_isSet)
        {
            LibC.TerminalMode mode = _before;
            mode.Input |= LibC.ICRNL | LibC.IXON;
            mode.Local |= LibC.ISIG | LibC.ICANON | LibC.ECHO | LibC.IEXTEN;
            LibC.SetTerminalMode(Terminal, mode);
        }
    }

    public void Dispose()
    {
        if (_isSet && LibC.IsForeground(Terminal))
        {
            LibC.SetTerminalMode(Terminal, _before);
        }
    }
}

/// <summary>Opens the descriptors 0, 1 and 2 if this process was started without one of them, so that none of a pipeline's files gets
/// these numbers: a command's descriptors are duplicated to them one after the other.</summary>
internal sealed class StandardDescriptors : IDisposable
{
    private readonly List<SafeFileHandle> _opened = [];

    public StandardDescriptors()
    {
        SafeFileHandle handle;
        while (LibC.Open("/dev/null", LibC.O_RDWR, out handle) is { Ok: true, Value: <= CommandStreams.StandardError })
        {
            _opened.Add(handle);
        }

        handle.Dispose();
    }

    public void Dispose() => _opened.ForEach(handle => handle.Dispose());
}
