using System.Diagnostics;
using System.Globalization;
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

/// <summary>What a command gets as its standard input, output and error. Null: this process's own.</summary>
/// <param name="Input">Descriptor 0.</param>
/// <param name="Output">Descriptor 1.</param>
/// <param name="Errors">Descriptor 2.</param>
/// <param name="MergesErrors">Whether descriptor 2 is descriptor 1.</param>
internal sealed record CommandStreams(SafeHandle? Input, SafeHandle? Output, SafeHandle? Errors, bool MergesErrors)
{
    public const int StandardInput = 0;
    public const int StandardOutput = 1;
    public const int StandardError = 2;

    public IEnumerable<(SafeHandle? Handle, int Number)> Numbered =>
        [(Input, StandardInput), (Output, StandardOutput), (Errors, StandardError)];
}

/// <summary>C strings in memory that does not move, and the null-terminated list of them that exec(3) takes.</summary>
internal sealed unsafe class CStrings : IDisposable
{
    private readonly byte** _list;
    private readonly int _count;

    public CStrings(IReadOnlyCollection<string> texts)
    {
        _list = (byte**)NativeMemory.AllocZeroed((nuint)texts.Count + 1, (nuint)sizeof(byte*));
        foreach (string text in texts)
        {
            _list[_count++] = (byte*)Marshal.StringToCoTaskMemUTF8(text);
        }
    }

    public byte** List => _list;

    /// <summary>The first string.</summary>
    public byte* First => _list[0];

    public void Dispose()
    {
        for (int i = 0; i < _count; i++)
        {
            Marshal.FreeCoTaskMem((nint)_list[i]);
        }

        NativeMemory.Free(_list);
    }
}

/// <summary>What a new process would get of this one's descriptors besides 0, 1 and 2. All of ours are closed on exec, but
/// this process may have inherited some that are not.</summary>
internal static class InheritableDescriptors
{
    private const int StandardError = 2;

    public static IReadOnlyList<int> Find()
    {
        List<int> found = [];
        foreach (string entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            int descriptor = int.Parse(Path.GetFileName(entry.AsSpan()), CultureInfo.InvariantCulture);
            if (descriptor > StandardError
                && LibC.GetDescriptorFlags(descriptor) is { Ok: true } flags && (flags.Value & LibC.FD_CLOEXEC) == 0)
            {
                found.Add(descriptor);
            }
        }

        return found;
    }
}

/// <summary>The signals that a command does not get with their default action. .NET ignores SIGPIPE, and what is ignored stays
/// so in a new program; but who started this process with nohup(1) means the commands too.</summary>
internal static class IgnoredSignals
{
    /// <summary>Writes the set of signals that commands get with their default action.</summary>
    /// <param name="set">A sigset_t.</param>
    public static void WriteDefaults(Span<byte> set)
    {
        set.Fill(byte.MaxValue);
        if (IsHangUpIgnored())
        {
            set[0] &= unchecked((byte)~(1 << (LibC.SIGHUP - 1)));
        }
    }

    private static bool IsHangUpIgnored() =>
        ProcFile.ReadField("/proc/self/status", "SigIgn") is string ignored
        && (Convert.ToUInt64(ignored, fromBase: 16) & (1UL << (LibC.SIGHUP - 1))) != 0;
}
