using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>What forbids a pipeline before anything is opened or started.</summary>
internal static class PipelineCheck
{
    /// <exception cref="TransferException">Something in the request is none that a program can be given.</exception>
    public static void Check(PipelineRequest request)
    {
        foreach (NativeCommand command in request.Commands)
        {
            Text(command.Path, $"The path of '{command.Name}'", command.Name);
            foreach (string argument in command.Arguments)
            {
                Text(argument, $"An argument of '{command.Name}'", command.Name);
            }
        }

        foreach ((string name, string value) in request.Environment)
        {
            if (name.Length == 0 || name.Contains('=', StringComparison.Ordinal))
            {
                throw new TransferException(TransferErrorId.InvalidArgument,
                    $"'{name}' is no name for a variable of the environment: it must have a character, and no '='.",
                    "Choose another name.", Errno.EINVAL, name);
            }

            Text(name, $"The name of the environment's variable '{name}'", name);
            Text(value, $"The environment's variable '{name}'", name);
        }

        SysResult opened = LibC.Open(request.WorkingDirectory, OpenFlags.PathOnly | OpenFlags.Directory, out SafeFileHandle folder);
        folder.Dispose();
        if (!opened.Ok)
        {
            throw new TransferException(TransferErrorId.SourceNotFound,
                $"The working directory '{request.WorkingDirectory}' cannot be entered ({Splice.Errors.ErrnoText.Describe(opened.Errno)}).",
                "Name a folder that exists.",
                opened.Errno, request.WorkingDirectory);
        }

        if (request.OutputPath is not null && request.OutputPath == request.ErrorPath)
        {
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"Output and errors would both go to '{request.OutputPath}', and one would replace the other.",
                "Give two paths, or write 2>&1 after the last command and leave -ErrorPath out.",
                Errno.EINVAL, request.OutputPath);
        }
    }

    private static void Text(string text, string what, string target)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new TransferException(TransferErrorId.InvalidArgument,
                $"{what} has a NUL character in it, where programs take a text to end.",
                "Take it out.", Errno.EINVAL, target);
        }

        if (!PathCheck.IsValidUtf16(text))
        {
            throw new TransferException(TransferErrorId.InvalidArgument,
                $"{what} has half of a surrogate pair in it, which no byte stands for.",
                "Take it out.", Errno.EILSEQ, target);
        }
    }
}

/// <summary>Opening what a command writes to in its place, as a shell does: a file that is added to, a device, a FIFO, a file
/// for errors.</summary>
internal static class PathInPlace
{
    private const uint DefaultMode = 0x1B6; // 0666, of which the umask takes its share

    /// <summary>Opens a path for writing, and makes the file where there is none.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="append">Whether all writes go to the end; otherwise a file begins anew.</param>
    /// <param name="cancellation">Ends the wait for a FIFO's reader.</param>
    /// <exception cref="TransferException">It cannot be opened.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while a reader was waited for.</exception>
    public static SafeFileHandle Open(string path, bool append, CancellationToken cancellation)
    {
        using DestinationPath destination = Resolve(path);
        return Open(destination.ToPlace(mayReplace: true), append, cancellation);
    }

    /// <summary>Opens what is in a place.</summary>
    public static SafeFileHandle Open(Place place, bool append, CancellationToken cancellation)
    {
        int access = OpenFlags.WriteOnly | (append ? OpenFlags.Append : 0);
        SafeFileHandle handle;
        SysResult result;
        if (place.Existing is null)
        {
            // To add to a file that takes the name meanwhile destroys nothing.
            int flags = OpenFlags.Create | OpenFlags.NoControllingTerminal | OpenFlags.NoFollow | (append ? 0 : OpenFlags.Exclusive);
            result = LibC.OpenAt(place.Folder, place.Name, access | flags, DefaultMode, out handle);
        }
        else
        {
            handle = OpenDestination.InPlace(place, access, cancellation);

            // Only the open was not to wait.
            LibC.SetStatusFlags(handle, access);
            result = place.Existing.Kind == DescriptorKind.Regular && !append ? LibC.Truncate(handle, 0) : default;
        }

        if (!result.Ok)
        {
            handle.Dispose();
            throw place.NameFailure(result.Errno);
        }

        return handle;
    }

    /// <summary>Where a path leads. A folder takes no output.</summary>
    public static DestinationPath Resolve(string path)
    {
        PathCheck.Name(path);
        return FileStatus.TryGet(path, followLink: true, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Directory
            ? throw FileFailures.DestinationIsDirectory(path)
            : DestinationPath.Resolve(path, path);
    }
}
