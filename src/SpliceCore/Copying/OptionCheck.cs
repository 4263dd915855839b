using Splice.Descriptors;

namespace Splice.Copying;

/// <summary>Options that exclude each other, and what they ask of source and destination.</summary>
internal static class OptionCheck
{
    /// <summary>The options by themselves, before anything is opened.</summary>
    /// <exception cref="TransferException">Two of them contradict each other.</exception>
    public static void Combination(CopyRequest request)
    {
        MethodChoice.Of(request);
        if (request.Append && (request.InPlace || request.DestinationOffset.HasValue))
        {
            string other = request.InPlace ? "-InPlace" : "-DestinationOffset";
            throw Conflict(request, $"-Append writes at the end of '{request.Destination}', and {other} elsewhere.", "Leave one of them out.");
        }

        if (request.Resume && request.WritesInto)
        {
            string other = request.Append ? "-Append" : request.InPlace ? "-InPlace" : "-DestinationOffset";
            throw Conflict(request, $"-Resume builds the file anew beside '{request.Destination}', and {other} writes into what is there.", "Leave one of them out.");
        }
    }

    /// <summary>The source, and what is in the place already, before that is opened.</summary>
    /// <exception cref="TransferException">One of them is nothing that an option can be for.</exception>
    public static void Kinds(CopyRequest request, Descriptor source, Place place)
    {
        if (request.Verify && !source.IsSeekable)
        {
            throw NotReadableAgain(source.Name, source.Kind);
        }

        if (request.Verify && place is { IsNamedByUser: true, Existing.Kind: not (DescriptorKind.Regular or DescriptorKind.Block) })
        {
            throw NotReadableAgain(place.Path, place.Existing.Kind);
        }

        if (request.Resume && !source.IsSeekable)
        {
            throw new TransferException(TransferErrorId.NotSeekable,
                $"'{source.Name}' cannot be read from the middle on, as -Resume would: it is a {source.Kind}.",
                "Leave -Resume out.",
                Errno.ESPIPE, source.Name);
        }

        if (request.Resume && place is { IsNamedByUser: true, Existing.Kind: not DescriptorKind.Regular })
        {
            throw Conflict(request, $"-Resume builds a file anew, and '{place.Path}' is a {place.Existing.Kind}, which is written into.", "Leave -Resume out.");
        }

        if (request.Append && place is { IsNamedByUser: true, Existing.Kind: not DescriptorKind.Regular })
        {
            throw new TransferException(TransferErrorId.NotSeekable,
                $"'{place.Path}' has no end that -Append could write at: it is a {place.Existing.Kind}.",
                "Leave -Append out; -DestinationOffset writes into a device.",
                Errno.ESPIPE, place.Path);
        }
    }

    /// <summary>A link or special file that is made anew, and what is in its place already.</summary>
    /// <exception cref="TransferException">That is a file that is to be written into, and not replaced.</exception>
    public static void Node(CopyRequest request, object sourceLabel, DescriptorKind kind, Place place)
    {
        if (request.WritesInto && place.Existing?.Kind == DescriptorKind.Regular)
        {
            string option = request.Append ? "-Append" : "-InPlace";
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"'{place.Path}' is a file, which {option} writes into, and '{sourceLabel}' is a {kind}, which could only replace it.",
                $"Leave {option} out to replace it, or choose another destination.",
                target: place.Path);
        }
    }

    private static TransferException NotReadableAgain(string name, DescriptorKind kind) => new(TransferErrorId.NotSeekable,
        $"'{name}' cannot be read a second time, as -Verify would: it is a {kind}.",
        "Leave -Verify out.", Errno.ESPIPE, name);

    private static TransferException Conflict(CopyRequest request, string problem, string cure) =>
        new(TransferErrorId.ConflictingOptions, problem, cure, target: request.Destination);
}

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

    /// <summary>True if each half of a surrogate pair has its other half: UTF-8 has no bytes for one alone.</summary>
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
