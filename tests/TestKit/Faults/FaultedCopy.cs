using Xunit;

namespace Splice.TestKit.Faults;

/// <summary>A copy over an old file, into which faults are injected. However it ends, the destination is the old file or
/// the new one, whole, and there is nothing else in the folder.</summary>
internal sealed class FaultedCopy : IDisposable
{
    public const int PlainSize = 3_000_001;
    private const int MiB = 1 << 20;
    private const int OldSize = 700_000;

    private readonly Workspace _folder;
    private readonly Workspace _logs = new();

    private FaultedCopy(Workspace folder)
    {
        _folder = folder;
        _folder.WriteRandom("copy", OldSize, seed: 2);
        Request = new CopyRequest { Source = _folder["source"], Destination = _folder["copy"] };
    }

    public CopyRequest Request { get; set; }

    public string Folder => _folder.Folder;

    /// <summary>The paths that injections are confined to: <see cref="Folder"/>, say. Empty: all calls of the name.</summary>
    public string[] On { get; set; } = [];

    /// <summary>A file without holes.</summary>
    public static FaultedCopy OfPlainFile(Workspace? folder = null)
    {
        folder ??= Workspace.InMemory();
        folder.WriteRandom("source", PlainSize);
        return new FaultedCopy(folder);
    }

    /// <summary>A file of eight pieces of data, which takes many calls of every kind, and ends in a hole.</summary>
    public static FaultedCopy OfSparseFile()
    {
        var folder = Workspace.InMemory();
        Files.WriteSparse(folder["source"], 17 * MiB, [.. Enumerable.Range(0, 8).Select(i => ((long)i * 2 * MiB, 170_000))]);
        return new FaultedCopy(folder);
    }

    /// <summary>Runs the copy under the faults, each of which must come about.</summary>
    public HostAnswer Run(FaultLedger created, params Fault[] faults)
    {
        HostAnswer answer = HostedCopy.Run(Request, Wrapper(faults));
        string[] injected = [.. File.ReadLines(_logs["trace"]).Where(line => line.EndsWith("(INJECTED)", StringComparison.Ordinal))];
        foreach (string calls in faults.SelectMany(fault => fault.Alternatives))
        {
            Assert.Contains(injected, line => calls.Split(',').Any(call => line.Contains($" {call}(", StringComparison.Ordinal)));
        }

        Judge(created, answer);
        return answer;
    }

    /// <summary>Starts the copy under the faults and does not wait for it.</summary>
    public HostedCopy Start(params Fault[] faults) => HostedCopy.Start(Request, Wrapper(faults));

    /// <summary>The promise: the old file or the new, whole, and nothing beside it.</summary>
    public void Judge(FaultLedger created, HostAnswer answer)
    {
        byte[] now = File.ReadAllBytes(_folder["copy"]);
        byte[] source = File.ReadAllBytes(_folder["source"]);
        bool copied = now.AsSpan().SequenceEqual(source.AsSpan(0, (int)(Request.Count ?? source.Length)));
        bool oldKept = now.AsSpan().SequenceEqual(Workspace.RandomBytes(OldSize, seed: 2));
        string names = string.Join(' ', _folder.Names);
        created.Add(copied, oldKept, littered: names != "copy source");
        Assert.Equal("copy source", names);
        Assert.True(answer.Succeeded ? copied : oldKept, $"{answer}: {now.Length} bytes that are neither the old file nor the new");
    }

    public void Dispose()
    {
        _folder.Dispose();
        _logs.Dispose();
    }

    private string[] Wrapper(Fault[] faults) =>
    [
        "strace", "-f", "-qq", "-o", _logs["trace"],
        "-e", $"trace={string.Join(',', faults.Select(fault => fault.Calls))}",
        .. faults.SelectMany(fault => new[] { "-e", $"inject={fault.Calls}:{fault.What}:when={fault.When}" }),
        .. On.SelectMany(path => new[] { "-P", path }),
    ];
}
