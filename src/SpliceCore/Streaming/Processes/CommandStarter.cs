using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>Starts the commands of one pipeline: each in the same working directory, environment and process group, with default signals
/// and no descriptors but its standard streams.</summary>
internal sealed unsafe class CommandStarter : IDisposable
{
    private readonly CStrings _environment;
    private readonly CStrings _workingDirectory;
    private readonly List<int> _inheritable = FindInheritable();
    private readonly byte* _attributes;

    /// <param name="hasTerminal">False starts each command in a new session, which has no terminal: /dev/tty cannot be opened there.</param>
    public CommandStarter(PipelineRequest request, bool hasTerminal = true)
    {
        _environment = new CStrings([.. request.Environment.Select(variable => $"{variable.Key}={variable.Value}")]);
        _workingDirectory = new CStrings([request.WorkingDirectory]);
        byte* defaults = stackalloc byte[LibC.SignalSetSize];
        byte* blocked = stackalloc byte[LibC.SignalSetSize];
        FillDefaultSignals(new Span<byte>(defaults, LibC.SignalSetSize));
        new Span<byte>(blocked, LibC.SignalSetSize).Clear();
        _attributes = (byte*)NativeMemory.AllocZeroed(LibC.SpawnAttributesSize);
        LibC.InitializeSpawnAttributes(_attributes, defaults, blocked, hasTerminal ? (short)0 : LibC.POSIX_SPAWN_SETSID);
    }

    /// <summary>Starts a command, of whose errors the caller keeps the last in <paramref name="errors"/>, or not (null).</summary>
    public SpawnedCommand Start(NativeCommand command, CommandStreams streams, ErrorTail? errors)
    {
        using var path = new CStrings([command.Path]);
        using var arguments = new CStrings([command.Name, .. command.Arguments]);
        byte* actions = stackalloc byte[LibC.SpawnActionsSize];
        long started = Stopwatch.GetTimestamp();
        SysResult result = LibC.InitializeSpawnActions(actions);
        if (!result.Ok)
        {
            throw CommandFailures.NotStarted(command, result.Errno);
        }

        try
        {
            result = AddActions(actions, streams);
            result = result.Ok ? LibC.Spawn(path.First, actions, _attributes, arguments.List, _environment.List) : result;
        }
        finally
        {
            LibC.DestroySpawnActions(actions);
            GC.KeepAlive(streams);
        }

        return result.Ok ? new SpawnedCommand(command, (int)result.Value, started, errors) : throw CommandFailures.NotStarted(command, result.Errno);
    }

    public void Dispose()
    {
        LibC.DestroySpawnAttributes(_attributes);
        NativeMemory.Free(_attributes);
        _workingDirectory.Dispose();
        _environment.Dispose();
    }

    private SysResult AddActions(byte* actions, CommandStreams streams)
    {
        SysResult result = LibC.AddSpawnFolder(actions, _workingDirectory.First);
        Duplicate(streams.Input, CommandStreams.StandardInput);
        Duplicate(streams.Output, CommandStreams.StandardOutput);
        Duplicate(streams.Errors, CommandStreams.StandardError);
        result = result.Ok && streams.MergesErrors
            ? LibC.AddSpawnDuplicate(actions, CommandStreams.StandardOutput, CommandStreams.StandardError)
            : result;
        foreach (int descriptor in _inheritable)
        {
            result = result.Ok ? LibC.AddSpawnClose(actions, descriptor) : result;
        }

        return result;

        void Duplicate(SafeHandle? handle, int number) =>
            result = result.Ok && handle is not null ? LibC.AddSpawnDuplicate(actions, (int)handle.DangerousGetHandle(), number) : result;
    }

    /// <summary>Finds the descriptors besides 0, 1 and 2 that a new process would inherit. This process opens all with O_CLOEXEC, but may
    /// have inherited others.</summary>
    private static List<int> FindInheritable()
    {
        List<int> found = [];
        int limit = OpenFiles.Limit;
        foreach (string entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            int descriptor = int.Parse(Path.GetFileName(entry.AsSpan()), CultureInfo.InvariantCulture);
            // Those above the limit, which was lowered since, cannot be closed by posix_spawn(3).
            if (descriptor > CommandStreams.StandardError && descriptor < limit
                && LibC.GetDescriptorFlags(descriptor) is { Ok: true } flags && (flags.Value & LibC.FD_CLOEXEC) == 0)
            {
                found.Add(descriptor);
            }
        }

        return found;
    }

    /// <summary>Fills a sigset_t with the signals that get their default action. .NET ignores SIGPIPE, and a new program would inherit
    /// that; SIGHUP stays ignored, since nohup(1) is meant for the commands too.</summary>
    private static void FillDefaultSignals(Span<byte> set)
    {
        const int HangUp = 1 << (LibC.SIGHUP - 1);
        set.Fill(byte.MaxValue);
        if (ProcFile.ReadField("/proc/self/status", "SigIgn") is string ignored && (Convert.ToUInt64(ignored, fromBase: 16) & HangUp) != 0)
        {
            set[0] &= unchecked((byte)~HangUp);
        }
    }
}

/// <summary>The open descriptors of this process.</summary>
internal static class OpenFiles
{
    /// <summary>The soft limit (RLIMIT_NOFILE).</summary>
    public static int Limit
    {
        get
        {
            string? line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal));
            string[] words = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
            return words.Length > 3 && int.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out int limit) ? limit : int.MaxValue;
        }
    }

    /// <summary>Number of descriptors that can still be opened.</summary>
    public static int Left => Limit - Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();
}

/// <summary>Standard input, output and error of a command; null for those of this process. Merged errors go to the output.</summary>
internal sealed record CommandStreams(SafeHandle? Input, SafeHandle? Output, SafeHandle? Errors, bool MergesErrors)
{
    public const int StandardInput = 0;
    public const int StandardOutput = 1;
    public const int StandardError = 2;
}

/// <summary>C strings in memory that does not move, and the null-terminated list of them that exec(3) takes.</summary>
internal sealed unsafe class CStrings : IDisposable
{
    private readonly int _count;

    public CStrings(IReadOnlyCollection<string> texts)
    {
        List = (byte**)NativeMemory.AllocZeroed((nuint)texts.Count + 1, (nuint)sizeof(byte*));
        foreach (string text in texts)
        {
            List[_count++] = (byte*)Marshal.StringToCoTaskMemUTF8(text);
        }
    }

    public byte** List { get; }

    public byte* First => List[0];

    public void Dispose()
    {
        for (int i = 0; i < _count; i++)
        {
            Marshal.FreeCoTaskMem((nint)List[i]);
        }

        NativeMemory.Free(List);
    }
}
