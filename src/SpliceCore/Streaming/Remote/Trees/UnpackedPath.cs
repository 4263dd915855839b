using Microsoft.Win32.SafeHandles;
using Splice.Errors;
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

/// <summary>Opens folders in a tree that is being made, each in the one before and never through a link: whatever names a stream
/// has, nothing outside is reached. The folders on the way to the last one stay open.</summary>
/// <param name="top">The tree's top, which stays the caller's.</param>
/// <param name="label">The tree's path, for people.</param>
internal sealed class FolderChain(SafeFileHandle top, string label) : IDisposable
{
    private const uint AllForOwner = 0x1C0; // 0700

    private static readonly int FolderFlags = OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow;

    private readonly List<(FileName Name, SafeFileHandle Handle)> _open = [];

    /// <summary>Opens a folder, and makes it where it is not there.</summary>
    /// <param name="names">The way to it.</param>
    /// <returns>The folder, which is open until another one is asked for.</returns>
    /// <exception cref="TransferException">Something else is on the way.</exception>
    public SafeFileHandle Open(IEnumerable<FileName> names)
    {
        int depth = 0;
        SafeFileHandle at = top;
        foreach (FileName name in names)
        {
            if (depth < _open.Count && !_open[depth].Name.Bytes.SequenceEqual(name.Bytes))
            {
                CloseFrom(depth);
            }

            if (depth == _open.Count)
            {
                _open.Add((name, OpenOne(at, name)));
            }

            at = _open[depth++].Handle;
        }

        return at;
    }

    public void Dispose() => CloseFrom(0);

    private SafeFileHandle OpenOne(SafeFileHandle folder, FileName name)
    {
        SysResult opened = LibC.OpenAt(folder, name, FolderFlags, 0, out SafeFileHandle handle);
        if (opened.Errno == Errno.ENOENT && LibC.MakeDirectoryAt(folder, name, AllForOwner).Ok)
        {
            opened = LibC.OpenAt(folder, name, FolderFlags, 0, out handle);
        }

        if (opened.Ok)
        {
            return handle;
        }

        handle.Dispose();
        throw opened.Errno is Errno.ENOTDIR or Errno.ELOOP
            ? new TransferException(TransferErrorId.InvalidPath,
                $"The stream has something in '{name}', which it has as no folder, below '{label}'. Nothing was kept.",
                "See what tar is on that host.",
                opened.Errno, label)
            : Failures.OpenDestination($"{label}/{name}", opened.Errno);
    }

    private void CloseFrom(int depth)
    {
        _open.Skip(depth).ToList().ForEach(folder => folder.Handle.Dispose());
        _open.RemoveRange(depth, _open.Count - depth);
    }
}
