using System.Management.Automation.Host;

namespace Splice.Shell;

/// <summary>The size of the terminal and single keys; there is no screen buffer to draw in.</summary>
internal sealed class ShellRawUserInterface(ShellInput input) : PSHostRawUserInterface
{
    private const int DefaultWidth = 120;
    private const int DefaultHeight = 50;

    public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.Gray;

    public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;

    // To ask the terminal for it would read from standard input, which may be meant for others.
    public override Coordinates CursorPosition { get; set; }

    public override int CursorSize { get; set; } = 25;

    public override Size BufferSize
    {
        get => Terminal;
        set => throw NotSupported();
    }

    public override Size WindowSize
    {
        get => Terminal;
        set => throw NotSupported();
    }

    public override Coordinates WindowPosition { get; set; }

    public override Size MaxWindowSize => Terminal;

    public override Size MaxPhysicalWindowSize => Terminal;

    public override string WindowTitle { get; set; } = string.Empty;

    public override bool KeyAvailable => !Console.IsInputRedirected && Console.KeyAvailable;

    private static Size Terminal => Console.IsOutputRedirected
        ? new Size(DefaultWidth, DefaultHeight)
        : new Size(PositiveOr(Console.WindowWidth, DefaultWidth), PositiveOr(Console.WindowHeight, DefaultHeight));

    public override KeyInfo ReadKey(ReadKeyOptions options)
    {
        ConsoleKeyInfo key = input.ReadKey();
        if (!options.HasFlag(ReadKeyOptions.NoEcho))
        {
            Console.Write(key.KeyChar);
        }

        ControlKeyStates states = 0;
        states |= key.Modifiers.HasFlag(ConsoleModifiers.Shift) ? ControlKeyStates.ShiftPressed : 0;
        states |= key.Modifiers.HasFlag(ConsoleModifiers.Alt) ? ControlKeyStates.LeftAltPressed : 0;
        states |= key.Modifiers.HasFlag(ConsoleModifiers.Control) ? ControlKeyStates.LeftCtrlPressed : 0;
        return new KeyInfo((int)key.Key, key.KeyChar, states, keyDown: true);
    }

    public override void FlushInputBuffer()
    {
        while (KeyAvailable)
        {
            Console.ReadKey(intercept: true);
        }
    }

    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw NotSupported();

    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) => throw NotSupported();

    public override void SetBufferContents(Rectangle rectangle, BufferCell fill) => throw NotSupported();

    public override void ScrollBufferContents(
        Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) => throw NotSupported();

    private static int PositiveOr(int value, int otherwise) => value > 0 ? value : otherwise;

    private static NotSupportedException NotSupported() => new("This shell has no screen buffer.");
}
