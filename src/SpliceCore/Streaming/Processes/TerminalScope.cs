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
            mode.Input |= LibC.CarriageReturnToNewLine | LibC.OutputFlowControl;
            mode.Local |= LibC.TerminalSignals | LibC.CanonicalInput | LibC.Echo | LibC.ExtendedInput;
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
