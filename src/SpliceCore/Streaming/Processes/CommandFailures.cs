using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>Rejects a pipeline before anything is opened or started.</summary>
internal static class PipelineCheck
{
    /// <exception cref="TransferException">The request has something that a program cannot be given.</exception>
    public static void ThrowIfInvalid(PipelineRequest request)
    {
        foreach (NativeCommand command in request.Commands)
        {
            ThrowIfNotCString(command.Path, $"The path of '{command.Name}'", command.Name);
            foreach (string argument in command.Arguments)
            {
                ThrowIfNotCString(argument, $"An argument of '{command.Name}'", command.Name);
            }
        }

        foreach ((string name, string value) in request.Environment)
        {
            if (name.Length == 0 || name.Contains('=', StringComparison.Ordinal))
            {
                throw new TransferException(TransferErrorId.InvalidArgument,
                    $"Invalid name '{name}' of an environment variable: it must not be empty or contain '='.",
                    "Choose another name.", Errno.EINVAL, name);
            }

            ThrowIfNotCString(name, $"The name of the environment variable '{name}'", name);
            ThrowIfNotCString(value, $"The environment variable '{name}'", name);
        }

        SysResult opened = LibC.Open(request.WorkingDirectory, LibC.O_PATH | LibC.O_DIRECTORY, out SafeFileHandle folder);
        folder.Dispose();
        if (!opened.Ok)
        {
            throw new TransferException(TransferErrorId.SourceNotFound,
                $"The working directory '{request.WorkingDirectory}' cannot be entered ({ErrnoText.Describe(opened.Errno)}).",
                "Specify an existing folder.",
                opened.Errno, request.WorkingDirectory);
        }

        if (request.OutputPath is not null && request.OutputPath == request.ErrorPath)
        {
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"Output and errors would both go to '{request.OutputPath}', and one would replace the other.",
                "Specify two paths, or write 2>&1 after the last command and omit -ErrorPath.",
                Errno.EINVAL, request.OutputPath);
        }
    }

    private static void ThrowIfNotCString(string text, string what, string target)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new TransferException(TransferErrorId.InvalidArgument,
                $"{what} contains a NUL character, which ends a string in programs.",
                "Remove it.", Errno.EINVAL, target);
        }

        if (!PathCheck.IsValidUtf16(text))
        {
            throw new TransferException(TransferErrorId.InvalidArgument,
                $"{what} contains half of a surrogate pair, which UTF-8 cannot encode.",
                "Remove it.", Errno.EILSEQ, target);
        }
    }
}

/// <summary>The errors of commands.</summary>
internal static class CommandFailures
{
    public static TransferException NotStarted(NativeCommand command, Errno errno) => errno switch
    {
        Errno.EAGAIN or Errno.ENOMEM or Errno.EMFILE or Errno.ENFILE => new(TransferErrorId.ResourceExhausted,
            $"'{command.Name}' could not be started ({ErrnoText.Describe(errno)}): too many processes or files, or too little memory.",
            "End some programs, or raise the limits (ulimit -u, ulimit -n).",
            errno, command.Path),
        Errno.E2BIG => new(TransferErrorId.CommandNotStarted,
            $"'{command.Name}' could not be started ({ErrnoText.Describe(errno)}): its arguments and environment are too long.",
            "Pass fewer arguments at once, or a file that lists them.",
            errno, command.Path),
        Errno.ENOEXEC => new(TransferErrorId.CommandNotStarted,
            $"'{command.Path}' is not a program for this machine ({ErrnoText.Describe(errno)}).",
            "A script needs a first line that names its interpreter: #!/bin/sh.",
            errno, command.Path),
        Errno.EACCES or Errno.EPERM => new(TransferErrorId.CommandNotStarted,
            $"'{command.Path}' cannot be run ({ErrnoText.Describe(errno)}).",
            "Make it executable (chmod +x), and check that its file system is not mounted noexec.",
            errno, command.Path),
        Errno.ENOSYS => new(TransferErrorId.CommandNotStarted,
            $"'{command.Name}' could not be started in that working directory: this system's C library has no posix_spawn_file_actions_addchdir_np(3).",
            "Use a system with glibc 2.29 or musl 1.1.24, or later.",
            errno, command.Path),
        _ => new(TransferErrorId.CommandNotStarted,
            $"'{command.Path}' could not be started ({ErrnoText.Describe(errno)}).",
            "Check that the file, the interpreter in its first line, and the working directory exist.",
            errno, command.Path),
    };

    /// <summary>Returns the error for commands that failed: how each ended, its last line of errors, and what the output holds.</summary>
    public static TransferException Failed(PipelineResult result, PipelineOutput? output)
    {
        var failed = result.Commands.Select((command, i) => (Command: command, Number: i + 1)).Where(entry => !entry.Command.Succeeded).ToList();
        string what = string.Join("; ", failed.Select(entry => Describe(entry.Command, entry.Number, result.Commands.Count)));
        string fate = output switch
        {
            { IsNew: true, HasExisted: false } => $" '{output.Path}' was not created.",
            { IsNew: true } => $" '{output.Path}' was not changed.",
            { BytesWritten: long bytes } => $" {ByteText.Of(bytes)} {(bytes == 1 ? "was" : "were")} appended to '{output.Path}'.",
            _ => string.Empty,
        };
        return new TransferException(TransferErrorId.CommandFailed,
            $"{what}.{fate}",
            "Check the errors of the command, or use -AllowFailure to keep the output.",
            target: failed[^1].Command.Name)
        {
            Partial = result,
        };
    }

    private static string Describe(NativeCommandResult command, int number, int count)
    {
        string place = count == 1 ? string.Empty : $" (command {number} of {count})";
        string end = command switch
        {
            { Signal: string signal } => $"was terminated by {signal}",
            { ExitCode: int code } => $"ended with exit code {code}",
            _ => "ended, but another component of this process read its exit code",
        };
        string? lastLine = command.ErrorText?.TrimEnd().Split('\n')[^1].Trim();
        return $"'{command.Name}'{place} {end}{(string.IsNullOrEmpty(lastLine) ? string.Empty : $": {lastLine}")}";
    }
}
