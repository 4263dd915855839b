using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>The names on the way to an entry of a tar stream, from the tree's top.</summary>
internal static class UnpackedPath
{
    private const char NoText = '\uFFFD';

    /// <summary>Takes a path apart.</summary>
    /// <param name="path">As the stream has it.</param>
    /// <param name="host">Whose stream it is.</param>
    /// <returns>The names; none for the tree's top.</returns>
    /// <exception cref="TransferException">It leads out of the tree, or .NET has no string for it.</exception>
    public static IReadOnlyList<FileName> Parse(string path, string host)
    {
        List<FileName> names = [];
        foreach (string name in path.Split('/'))
        {
            if (name == ".." || name.Contains('\0', StringComparison.Ordinal) || path.StartsWith('/'))
            {
                throw new TransferException(TransferErrorId.InvalidPath,
                    $"'{host}' sent '{path}', which leads out of the folder. Nothing was kept.",
                    "See what tar is on that host.", Errno.EINVAL, host);
            }

            if (name is not ("" or "."))
            {
                names.Add(Check(name, host));
            }
        }

        return names;
    }

    /// <exception cref="TransferException">.NET has no string for it.</exception>
    public static string Check(string text, string host) => text.Contains(NoText, StringComparison.Ordinal)
        ? throw new TransferException(TransferErrorId.InvalidPath,
            $"'{text}' on '{host}' is no UTF-8, and cannot be received with its folder. Nothing was kept.",
            "Give it another name there, or receive the other files by their names.",
            Errno.EILSEQ, host)
        : text;
}
