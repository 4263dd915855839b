using System.Diagnostics;
using System.Globalization;
using System.Text;
using Splice.TestKit.Processes;

namespace Splice.TestHost;

/// <summary>Receives what hosts send that mean harm, or are broken: the output of a stub of ssh(1) that is random, but for its seed.
/// The arguments are a folder, the seed, the number of the first stream, and how many. Each must end with an outcome, and leave nothing
/// behind: no file outside the destination, no process, no descriptor, no memory.</summary>
internal sealed class HostileHost
{
    private const long MaxGrowth = 64 << 20;
    private const long Garbage = 16 << 20;
    private const int RoundsBeforeMeasuring = 20;
    private const int MaxFaults = 5;

    private static readonly TimeSpan LeakGuard = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HangGuard = TimeSpan.FromSeconds(60);

    private readonly string _folder;
    private readonly string _inside;
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    private HostileHost(string folder)
    {
        _folder = folder;
        _inside = Path.Combine(folder, "inside");
        string bin = Directory.CreateDirectory(Path.Combine(folder, "bin")).FullName;
        string stub = Path.Combine(bin, "ssh");
        File.WriteAllText(stub, $"#!/bin/sh\n. {folder}/script\n");
        Run("chmod", "700", stub);
        Environment.SetEnvironmentVariable("PATH", $"{bin}:{Environment.GetEnvironmentVariable("PATH")}");
        Directory.CreateDirectory(Path.Combine(folder, "outside/deep"));
        File.WriteAllText(Path.Combine(folder, "outside/precious"), "precious");
        File.WriteAllText(Path.Combine(folder, "outside/deep/canary"), "canary");
        File.WriteAllText(Path.Combine(folder, "script"), string.Empty);
        File.WriteAllText(Path.Combine(folder, "stream"), string.Empty);
    }

    public static int Serve(string[] arguments, TextWriter output)
    {
        int[] numbers = [.. arguments[1..].Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        return new HostileHost(arguments[0]).Run(numbers[0], numbers[1], numbers[2], output);
    }

    private int Run(int seed, int first, int count, TextWriter output)
    {
        string before = Listing();
        string[] known = Descriptors();
        long memory = 0;
        long start = 0;
        int faults = 0;
        for (int number = first; number < first + count && faults < MaxFaults; number++)
        {
            var random = new Random(unchecked((seed * 486_187_739) + number));
            string? fault = Receive(random);
            Remove(_inside);
            if (Listing() is string after && after != before)
            {
                fault ??= $"something outside the destination was touched:\n{after}";
            }

            string[] left = [];
            if (!SpinWait.SpinUntil(() => (left = [.. Descriptors().Except(known)]).Length == 0 && !HasChildren(), LeakGuard))
            {
                // The first streams load code, for which the runtime opens descriptors of its own.
                fault ??= number > first + RoundsBeforeMeasuring || HasChildren() ? $"left a process, or {string.Join(", ", left)}" : null;
                known = Descriptors();
            }

            // The streams themselves are garbage as well, of megabytes.
            if (GC.GetTotalMemory(forceFullCollection: false) > Garbage)
            {
                GC.Collect();
            }

            if (number == first + RoundsBeforeMeasuring)
            {
                memory = start = PeakMemory();
            }
            else if (number > first + RoundsBeforeMeasuring && PeakMemory() is long peak && peak > memory + MaxGrowth)
            {
                fault ??= string.Create(CultureInfo.InvariantCulture, $"took {(peak - memory) >> 20} MiB");
                memory = peak;
            }

            if (fault is not null)
            {
                faults++;
                output.WriteLine($"SPLICE_TEST_SEED={seed}, stream {number}: {fault}");
            }
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(PeakMemory() - start) >> 20,8} MiB of memory more than at the start"));
        foreach ((string what, int times) in _counts)
        {
            output.WriteLine($"{times,8} {what}");
        }

        return faults;
    }

    /// <summary>Receives one stream, and returns what is wrong.</summary>
    private string? Receive(Random random)
    {
        bool isTree = random.Next(4) > 0;
        bool exists = random.Next(3) == 0;
        string target = Path.Combine(_inside, "source");
        Directory.CreateDirectory(_inside);
        if (exists && isTree)
        {
            Directory.CreateDirectory(Path.Combine(target, "a"));
            File.WriteAllText(Path.Combine(target, "old"), "old");
            File.CreateSymbolicLink(Path.Combine(target, "link"), Path.Combine(_folder, "outside"));
        }
        else if (exists)
        {
            File.WriteAllText(target, "old");
        }

        string old = ListingOf(_inside);
        var stream = new HostileStream(random, Path.Combine(_folder, "outside"));
        File.WriteAllBytes(Path.Combine(_folder, "stream"), isTree ? stream.Tree() : stream.File());
        File.WriteAllText(Path.Combine(_folder, "script"), stream.Script(Path.Combine(_folder, "stream")));
        var request = new ReceiveRequest
        {
            Source = "/srv/source",
            Destination = isTree || random.Next(2) == 0 ? _inside : target,
            Hosts = [RemoteHost.Parse("host")],
            Recurse = isTree,
            Resume = !isTree && random.Next(3) == 0,
            Verify = random.Next(3) == 0,
            Force = random.Next(4) == 0,
            Preserve = random.Next(2) == 0 ? PreserveAttributes.All : PreserveAttributes.Mode | PreserveAttributes.Timestamps,
            RateLimit = null,
            IdleTimeout = stream.IsSilent ? TimeSpan.FromMilliseconds(50) : TimeSpan.FromSeconds(20),
        };
        using var guard = new CancellationTokenSource(HangGuard);
        List<RemoteOutcome> outcomes = [];
        try
        {
            RemoteCopy.Receive(request, new TransferMonitor(Cancellation: guard.Token), outcomes.Add);
        }
        catch (TransferException exception) when (exception.Id == TransferErrorId.Cancelled)
        {
            return "does not end";
        }

        if (outcomes.Count != 1)
        {
            return $"has {outcomes.Count} outcomes";
        }

        TransferException? error = outcomes[0].Error;
        string id = error is null ? "received" : $"{error.Id}";
        _counts[id] = _counts.GetValueOrDefault(id) + 1;
        IEnumerable<string> texts = error is null ? outcomes[0].Result!.Warnings : [.. ((RemoteTransferResult)error.Partial!).Warnings, error.Message];
        if (texts.FirstOrDefault(text => text.Length > 20_000 || text.Any(char.IsControl)) is string text)
        {
            return $"has a message with control characters, or is too long: {text[..Math.Min(text.Length, 500)]}";
        }

        if (error?.Message.Contains("Exception)", StringComparison.Ordinal) == true)
        {
            return $"is not expected: {error.Message}";
        }

        if (error is null || request.Resume)
        {
            return null;
        }

        string left = ListingOf(_inside);
        return left == old ? null : $"failed ({error.Message}), and left\n{left}\nwhere there was\n{old}";
    }

    private string Listing() => ListingOf(_folder, but: ["inside", "script", "stream"]);

    /// <summary>Describes everything in a folder: names, kinds, modes, times, sizes and content.</summary>
    private static string ListingOf(string folder, params string[] but)
    {
        var text = new StringBuilder();
        foreach (FileSystemInfo item in new DirectoryInfo(folder).EnumerateFileSystemInfos().OrderBy(item => item.Name, StringComparer.Ordinal))
        {
            if (but.Contains(item.Name))
            {
                continue;
            }

            text.Append(CultureInfo.InvariantCulture, $"{item.FullName} {item.UnixFileMode} {item.LinkTarget} ");
            if (item is FileInfo { LinkTarget: null } file)
            {
                text.Append(CultureInfo.InvariantCulture, $"{file.Length} {file.LastWriteTimeUtc.Ticks} {(file.Length < 100 ? File.ReadAllText(file.FullName) : "")}\n");
            }
            else if (item is DirectoryInfo { LinkTarget: null })
            {
                text.Append('\n').Append(ListingOf(item.FullName));
            }
        }

        return text.ToString();
    }

    /// <summary>Removes a folder. Names that are not UTF-8 need rm(1).</summary>
    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Run("rm", "-rf", "--", folder);
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
    }

    private static string[] Descriptors() => [.. Directory.GetFileSystemEntries("/proc/self/fd")
        .Select(path => $"{Path.GetFileName(path)} -> {new FileInfo(path).LinkTarget}").Where(text => !text.EndsWith("-> ", StringComparison.Ordinal) && !text.EndsWith(".dll", StringComparison.Ordinal))];

    private static bool HasChildren() => ChildProcesses.Ids().Length > 0;

    private static long PeakMemory()
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim('\t'), CultureInfo.InvariantCulture) << 10;
    }
}
