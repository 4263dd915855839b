namespace Splice.Interop;

/// <summary>The name of a system call, from the call as it stands in the source.</summary>
internal static class SystemCallName
{
    /// <summary>What imports of one function are told apart by.</summary>
    private static readonly string[] Forms = ["_handle", "_path", "_value", "_pointer", "_number"];

    /// <param name="call">For example "(nint)lseek(handle, offset, (int)whence)", or "statx_path(" with what follows.</param>
    public static string Of(string call)
    {
        int start = call.StartsWith('(') ? call.IndexOf(')', StringComparison.Ordinal) + 1 : 0;
        int end = call.IndexOf('(', start);
        string name = end < 0 ? call[start..] : call[start..end];
        foreach (string form in Forms)
        {
            if (name.EndsWith(form, StringComparison.Ordinal))
            {
                return name[..^form.Length];
            }
        }

        return name;
    }

    /// <summary>Whether the call answers how many bytes it has moved.</summary>
    public static bool MovesBytes(string name) =>
        name is "copy_file_range" or "sendfile" or "splice" or "tee" or "vmsplice" or "read" or "pread" or "write" or "pwrite";
}
