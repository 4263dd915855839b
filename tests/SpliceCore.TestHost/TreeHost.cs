using System.Globalization;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Splice.Copying.Trees;
using Splice.Interop;

namespace Splice.TestHost;

/// <summary>Copies of trees: each line of standard input is a <see cref="TreeRequest"/>, and each gets a line of
/// answer with what came of it. An empty line is answered with the state of the process. After "copy ", "sync ", "split ", "join ",
/// "compare " and "move " a line is a <see cref="CopyRequest"/>, a <see cref="SyncRequest"/>, a <see cref="SplitRequest"/>, a
/// <see cref="JoinRequest"/>, a <see cref="ComparisonRequest"/> and a <see cref="MoveRequest"/>, after "remove " a path. After
/// "stop " a line is a <see cref="SyncRequest"/> that is stopped when it asks whether something may be removed. All requests that have
/// created files share them, as those of one command.</summary>
internal static class TreeHost
{
    private static readonly CreatedFiles Created = new();

    public static int Serve(TextReader input, TextWriter output)
    {
        Rehearse();
        output.WriteLine("ready");
        while (input.ReadLine() is { } line)
        {
            output.WriteLine(line.Split(' ', 2) switch
            {
                [""] => State(),
                ["copy", string request] => CopyFile(OfCommand(JsonSerializer.Deserialize<CopyRequest>(request)!)),
                ["sync", string request] => Sync(JsonSerializer.Deserialize<SyncRequest>(request)!),
                ["stop", string request] => Run(monitor => TreeSync.Sync(
                    JsonSerializer.Deserialize<SyncRequest>(request)!, monitor, _ => throw new OperationCanceledException())),
                ["split", string request] => Split(JsonSerializer.Deserialize<SplitRequest>(request)!),
                ["join", string request] => Parts(() => [FileJoin.Join(JsonSerializer.Deserialize<JoinRequest>(request)!, TransferMonitor.None)]),
                ["remove", string path] => Remove(path),
                ["move", string request] => Run(monitor => ItemMove.Move(JsonSerializer.Deserialize<MoveRequest>(request)!, monitor)),
                ["compare", string request] => Compare(JsonSerializer.Deserialize<ComparisonRequest>(request)!),
                _ => Copy(JsonSerializer.Deserialize<TreeRequest>(line)!),
            });
        }

        return 0;
    }

    private static CopyRequest OfCommand(CopyRequest request) => request.CreatedFiles is null ? request : request with { CreatedFiles = Created };

    private static string Split(SplitRequest request) =>
        Parts(() => FileSplit.Split(request with { Copy = OfCommand(request.Copy) }, TransferMonitor.None));

    /// <summary>Copies a file on a new thread: strace(1) counts the calls of each from its first.</summary>
    private static string CopyFile(CopyRequest request)
    {
        using var answer = new StringWriter();
        var thread = new Thread(() => Program.Copy(request, answer));
        thread.Start();
        thread.Join();
        return answer.ToString().TrimEnd();
    }

    private static string Remove(string path)
    {
        List<TransferException> errors = [];
        string folder = Path.GetDirectoryName(path)!;
        LibC.Open(folder, LibC.O_PATH | LibC.O_DIRECTORY, out SafeFileHandle handle);
        using (handle)
        {
            var remover = new TreeRemover(removes: null, errors.Add, CancellationToken.None);
            remover.Remove(handle, Path.GetFileName(path), folder);
            return JsonSerializer.Serialize(new { FileCount = remover.Files, DirectoryCount = remover.Directories, Failed = errors.Count, Errors = Describe(errors) });
        }
    }

    private static IEnumerable<object> Describe(IEnumerable<TransferException> errors) =>
        errors.Select(error => new { Id = $"{error.Id}", Errno = $"{error.Errno}", error.Target, error.Message });

    private static string Compare(ComparisonRequest request)
    {
        List<string> differences = [];
        List<TransferException> errors = [];
        ComparisonSummary? summary = null;
        try
        {
            summary = ItemComparison.Compare(request, new ComparisonMonitor(result => differences.Add($"{result.SideIndicator} {result.Path}"), errors.Add));
        }
        catch (TransferException exception)
        {
            errors.Add(exception);
        }

        return JsonSerializer.Serialize(new
        {
            IsEqual = summary?.Equal == true,
            Differences = differences,
            Errors = errors.Select(error => new { Id = $"{error.Id}", Errno = $"{error.Errno}", error.Target, error.Message }),
        });
    }

    private static string Parts(Func<IReadOnlyList<TransferResult>> run)
    {
        try
        {
            return JsonSerializer.Serialize(new { FileCount = run().Sum(result => result.FileCount) });
        }
        catch (TransferException exception)
        {
            return JsonSerializer.Serialize(new { Error = $"{exception.Id}", Errno = $"{exception.Errno}", exception.Message });
        }
    }

    private static string Copy(TreeRequest request) => Run(monitor => TreeCopy.Copy(request, monitor));

    private static string Sync(SyncRequest request) => Run(monitor => TreeSync.Sync(request, monitor));

    private static string Run(Func<TreeMonitor, TransferResult> run)
    {
        List<TransferException> errors = [];
        List<string> warnings = [];
        TransferResult? result = null;
        TransferException? end = null;
        try
        {
            result = run(new TreeMonitor(Failed: errors.Add, Warned: warnings.Add));
        }
        catch (TransferException exception)
        {
            end = exception;
        }

        return JsonSerializer.Serialize(new
        {
            FileCount = result?.FileCount ?? 0,
            DirectoryCount = result?.DirectoryCount ?? 0,
            Failed = result?.Failed ?? 0,
            Retries = result?.Retries ?? 0,
            Updated = result?.Updated ?? 0,
            Unchanged = result?.Unchanged ?? 0,
            Removed = result?.Removed ?? 0,
            Vanished = result?.Vanished ?? 0,
            RemovalSkipped = result?.RemovalSkipped == true,
            Errors = Describe(errors),
            Warnings = result?.Warnings.Concat(warnings) ?? warnings,
            Error = end is null ? null : $"{end.Id}",
            Errno = end is null ? null : $"{end.Errno}",
            end?.Message,
        });
    }

    private static string State() => JsonSerializer.Serialize(new
    {
        Descriptors = Directory.GetFileSystemEntries("/proc/self/fd").Length,
        PeakKilobytes = Process("VmHWM:"),
    });

    private static long Process(string field) => long.Parse(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith(field, StringComparison.Ordinal)).Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);

    /// <summary>All code is loaded before the first copy that counts.</summary>
    private static void Rehearse()
    {
        Program.Rehearse();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("splice-rehearsal-");
        string source = Path.Combine(folder.FullName, "source");
        Directory.CreateDirectory(Path.Combine(source, "inner"));
        File.WriteAllText(Path.Combine(source, "inner", "file"), "rehearsal");
        File.CreateSymbolicLink(Path.Combine(source, "link"), "inner");
        File.CreateSymbolicLink(Path.Combine(source, "nothing"), "nowhere");
        var copy = new CopyRequest { Source = source, Destination = Path.Combine(folder.FullName, "copy"), Preserve = PreserveAttributes.All };
        Copy(new TreeRequest { Copy = copy });
        Copy(new TreeRequest { Copy = copy, FollowSymlink = true });
        Copy(new TreeRequest { Copy = copy with { Source = source + "-that-is-not-there" } });
        foreach (TransferMethod method in Enum.GetValues<TransferMethod>().Where(method => method != TransferMethod.Reflink))
        {
            Copy(new TreeRequest { Copy = copy with { Method = method, Destination = copy.Destination + $"{method}" } });
        }

        var sync = new SyncRequest { Tree = new TreeRequest { Copy = copy with { Destination = copy.Destination + "Sync", Update = UpdateMode.Changed } }, RemoveExtra = true };
        Sync(sync);
        File.WriteAllText(Path.Combine(sync.Tree.Copy.Destination, "inner", "extra"), "rehearsal");
        Sync(sync);
        Compare(new ComparisonRequest { ReferencePath = source, DifferencePath = copy.Destination, Recurse = true, Properties = ComparedProperties.All });
        Remove(Path.Combine(source, "link"));
        Run(monitor => ItemMove.Move(new MoveRequest { Source = source, Destination = copy.Destination }, monitor));
        if (Directory.Exists("/dev/shm"))
        {
            string memory = Path.Combine("/dev/shm", folder.Name);
            Run(monitor => ItemMove.Move(new MoveRequest { Source = copy.Destination, Destination = memory }, monitor));
            Run(monitor => ItemMove.Move(new MoveRequest { Source = memory, Destination = copy.Destination }, monitor));
        }

        State();
        folder.Delete(recursive: true);
    }
}
