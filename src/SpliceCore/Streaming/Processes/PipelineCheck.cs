using Microsoft.Win32.SafeHandles;
using Splice.Copying;
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
