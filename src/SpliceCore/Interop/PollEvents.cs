namespace Splice.Interop;

/// <summary>The events of poll(2).</summary>
[Flags]
internal enum PollEvents : short
{
    None = 0,
    In = 0x1,
    Out = 0x4,
    Error = 0x8,
    HangUp = 0x10,
    Invalid = 0x20,
}
