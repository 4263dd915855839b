using System.Diagnostics;
using System.Runtime.InteropServices;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>Starts the commands of one pipeline: each in the same folder, environment and process group, with default signals
/// and no descriptors but its three.</summary>
internal sealed unsafe class CommandStarter : IDisposable
{
    private readonly CStrings _environment;
    private readonly CStrings _folder;
    private readonly IReadOnlyList<int> _unwanted;
    private readonly byte* _attributes;

    public CommandStarter(PipelineRequest request)
    {
        _environment = new CStrings([.. request.Environment.Select(variable => $"{variable.Key}={variable.Value}")]);
        _folder = new CStrings([request.WorkingDirectory]);
        _unwanted = InheritableDescriptors.Find();
        byte* defaults = stackalloc byte[LibC.SignalSetSize];
        byte* blocked = stackalloc byte[LibC.SignalSetSize];
        IgnoredSignals.WriteDefaults(new Span<byte>(defaults, LibC.SignalSetSize));
        new Span<byte>(blocked, LibC.SignalSetSize).Clear();
        _attributes = (byte*)NativeMemory.AllocZeroed(LibC.SpawnAttributesSize);
        LibC.InitializeSpawnAttributes(_attributes, defaults, blocked);
    }

    /// <summary>Starts a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="streams">Its standard input, output and error.</param>
    /// <param name="errors">Keeps the last of its errors; null where they do not come by.</param>
    /// <exception cref="TransferException">It could not be started.</exception>
    public SpawnedCommand Start(NativeCommand command, CommandStreams streams, ErrorTail? errors)
    {
        using var path = new CStrings([command.Path]);
        using var arguments = new CStrings([command.Name, .. command.Arguments]);
        byte* actions = stackalloc byte[LibC.SpawnActionsSize];
        long started = Stopwatch.GetTimestamp();
        SysResult result = LibC.InitializeSpawnActions(actions);
        if (!result.Ok)
        {
            throw NotStarted(command, result.Errno);
        }

        try
        {
            result = Describe(actions, streams);
            result = result.Ok ? LibC.Spawn(path.First, actions, _attributes, arguments.List, _environment.List) : result;
        }
        finally
        {
            LibC.DestroySpawnActions(actions);
            GC.KeepAlive(streams);
        }

        return result.Ok ? new SpawnedCommand(command, (int)result.Value, started, errors) : throw NotStarted(command, result.Errno);
    }

    public void Dispose()
    {
        LibC.DestroySpawnAttributes(_attributes);
        NativeMemory.Free(_attributes);
        _folder.Dispose();
        _environment.Dispose();
    }

    private SysResult Describe(byte* actions, CommandStreams streams)
    {
        SysResult result = LibC.AddSpawnFolder(actions, _folder.First);
        foreach ((SafeHandle? handle, int number) in streams.Numbered)
        {
            result = result.Ok && handle is not null
                ? LibC.AddSpawnDuplicate(actions, (int)handle.DangerousGetHandle(), number)
                : result;
        }

        result = result.Ok && streams.MergesErrors
            ? LibC.AddSpawnDuplicate(actions, CommandStreams.StandardOutput, CommandStreams.StandardError)
            : result;
        foreach (int descriptor in _unwanted)
        {
            result = result.Ok ? LibC.AddSpawnClose(actions, descriptor) : result;
        }

        return result;
    }

    private static TransferException NotStarted(NativeCommand command, Errno errno) => errno switch
    {
        Errno.EAGAIN or Errno.ENOMEM or Errno.EMFILE or Errno.ENFILE => new(TransferErrorId.ResourceExhausted,
            $"'{command.Name}' could not be started ({ErrnoText.Describe(errno)}): too many processes or files, or too little memory.",
            "End some programs, or raise the limits (ulimit -u, ulimit -n).",
            errno, command.Path),
        Errno.E2BIG => new(TransferErrorId.CommandNotStarted,
            $"'{command.Name}' could not be started ({ErrnoText.Describe(errno)}): its arguments and environment are too long.",
            "Give it fewer arguments at once, or a file that names them.",
            errno, command.Path),
        Errno.ENOEXEC => new(TransferErrorId.CommandNotStarted,
            $"'{command.Path}' is no program of this machine ({ErrnoText.Describe(errno)}).",
            "A script needs a first line that names its interpreter: #!/bin/sh.",
            errno, command.Path),
        Errno.EACCES or Errno.EPERM => new(TransferErrorId.CommandNotStarted,
            $"'{command.Path}' may not be run ({ErrnoText.Describe(errno)}).",
            "Make it executable (chmod +x), and see whether its file system is mounted noexec.",
            errno, command.Path),
        Errno.ENOSYS => new(TransferErrorId.CommandNotStarted,
            $"'{command.Name}' could not be started in the folder that was asked for: this system's C library has no posix_spawn_file_actions_addchdir_np(3).",
            "Use a system with glibc 2.29 or musl 1.1.24, or later.",
            errno, command.Path),
        _ => new(TransferErrorId.CommandNotStarted,
            $"'{command.Path}' could not be started ({ErrnoText.Describe(errno)}).",
            "See whether the file, the interpreter in its first line, and the working directory exist.",
            errno, command.Path),
    };
}
