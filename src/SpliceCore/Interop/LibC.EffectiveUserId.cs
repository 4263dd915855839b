using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Whose files the process makes.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/getuid.2.html">geteuid(2)</see></remarks>
    public static uint EffectiveUserId => geteuid();

    [LibraryImport(Library)]
    private static partial uint geteuid();
}
