using System.Runtime.InteropServices;

namespace Splice.Errors;

/// <summary>Error numbers in words.</summary>
internal static class ErrnoText
{
    /// <summary>For example "ENOSPC: No space left on device".</summary>
    public static string Describe(Errno errno) => $"{errno}: {Marshal.GetPInvokeErrorMessage((int)errno)}";
}
