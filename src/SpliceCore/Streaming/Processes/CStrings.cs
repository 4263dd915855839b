using System.Runtime.InteropServices;

namespace Splice.Streaming.Processes;

/// <summary>C strings in memory that does not move, and the null-terminated list of them that exec(3) takes.</summary>
internal sealed unsafe class CStrings : IDisposable
{
    private readonly byte** _list;
    private readonly int _count;

    public CStrings(IReadOnlyCollection<string> texts)
    {
        _list = (byte**)NativeMemory.AllocZeroed((nuint)texts.Count + 1, (nuint)sizeof(byte*));
        foreach (string text in texts)
        {
            _list[_count++] = (byte*)Marshal.StringToCoTaskMemUTF8(text);
        }
    }

    public byte** List => _list;

    /// <summary>The first string.</summary>
    public byte* First => _list[0];

    public void Dispose()
    {
        for (int i = 0; i < _count; i++)
        {
            Marshal.FreeCoTaskMem((nint)_list[i]);
        }

        NativeMemory.Free(_list);
    }
}
