using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>Sets the terminal to echo and line input for the commands, and restores it afterwards: PowerShell's line editor leaves it
/// without echo, and a killed command may do so as well.</summary>
internal sealed class TerminalScope : IDisposable
{
    private const int Terminal = CommandStreams.StandardInput;

    private static int _count;

    private readonly LibC.TerminalMode _before;
    private readonly bool _isSet;

    public TerminalScope()
    {
        IsOnly = Interlocked.Increment(ref _count) == 1;
        _isSet = IsOnly && LibC.GetTerminalMode(Terminal, out _before).Ok && LibC.IsForeground(Terminal);
        if (_isSet)
        {
            LibC.ShareTerminal(isShared: true);
            LibC.TerminalMode mode = _before;
            mode.Input |= LibC.ICRNL | LibC.IXON;
            mode.Local |= LibC.ISIG | LibC.ICANON | LibC.ECHO | LibC.IEXTEN;
            LibC.SetTerminalMode(Terminal, mode);
        }
    }

    /// <summary>True if no other runspace had commands on the terminal before. They may prompt without echo: the mode is theirs.</summary>
    public bool IsOnly { get; }

    public void Dispose()
    {
        if (_isSet && LibC.IsForeground(Terminal))
        {
            LibC.ShareTerminal(isShared: false);
            LibC.SetTerminalMode(Terminal, _before);
        }

        Interlocked.Decrement(ref _count);
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
