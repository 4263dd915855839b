namespace Splice.Copying;

/// <summary>Whether a path is one that the kernel can be given.</summary>
internal static class PathCheck
{
    /// <exception cref="TransferException">It would be another file's, or no file's.</exception>
    public static void Name(string path)
    {
        if (!IsValidUtf16(path))
        {
            throw new TransferException(TransferErrorId.InvalidPath,
                $"'{path}' has half of a surrogate pair in it, which no byte stands for: another file would be meant.",
                "Choose another name.",
                Errno.EILSEQ, path);
        }

        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new TransferException(TransferErrorId.InvalidPath,
                $"'{path.Replace("\0", "\\0", StringComparison.Ordinal)}' has a NUL character in it, which no file name can have.",
                "Choose another name.",
                Errno.EINVAL, path);
        }
    }

    /// <summary>Whether each half of a surrogate pair has its other half: UTF-8 has no bytes for one alone.</summary>
    public static bool IsValidUtf16(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i])))
            {
                return false;
            }
        }

        return true;
    }
}
