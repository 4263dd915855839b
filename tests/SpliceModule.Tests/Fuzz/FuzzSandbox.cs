using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using Splice.Tests;

namespace Splice.ModuleTests.Fuzz;

/// <summary>The folder that the calls may change, the same before each of them, and the open handles that they get. Nothing
/// of a call leaves it: an ssh before the others in PATH runs in it what hosts would run.</summary>
/// <param name="shell">Has the module.</param>
public sealed class FuzzSandbox(ModuleShell shell) : IDisposable
{
    private static readonly byte[] Content = Workspace.RandomBytes(50_000);

    // Links lead round in circles.
    private static readonly EnumerationOptions Everywhere = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };

    private readonly Workspace _root = Workspace.InMemory();
    private readonly string? _path = Environment.GetEnvironmentVariable("PATH");
    private readonly Stack<IDisposable> _open = new();

    /// <summary>Puts the ssh in place.</summary>
    public void Open()
    {
        Directory.CreateDirectory(_root["bin"]);
        string ssh = _root.Write("bin/ssh", System.Text.Encoding.UTF8.GetBytes($$"""
            #!/bin/sh
            for last; do host=$command; command=$last; done
            case $host in
                web*) cd '{{Home}}' && exec sh -c "$command" ;;
                garbage) exec head -c 5000 /dev/urandom ;;
                mute) exec sleep 1 ;;
                *) echo "ssh: connect to host $host port 22: No route to host" >&2; exit 255 ;;
            esac
            """));
        File.SetUnixFileMode(ssh, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Environment.SetEnvironmentVariable("PATH", $"{_root["bin"]}:{_path}");
    }

    /// <summary>The folder of the calls.</summary>
    public string Folder => _root["outer/call"];

    /// <summary>Where hosts put what they are sent: a tree that was sent into itself would have its own unfinished copy in it.</summary>
    private string Home => _root["host/home"];

    /// <summary>Makes the files anew.</summary>
    public void Fill()
    {
        foreach (string folder in new[] { "folder", "folder/inner", "empty" })
        {
            Directory.CreateDirectory($"{Folder}/{folder}");
        }

        Directory.CreateDirectory(Home);
        File.WriteAllBytes($"{Home}/five", Content[..5]);

        foreach (string name in new[] { "five", "folder/five", "[a]*", "a b", "-rf", ".hidden" })
        {
            File.WriteAllBytes($"{Folder}/{name}", Content[..5]);
        }

        File.WriteAllBytes($"{Folder}/none", []);
        File.WriteAllBytes($"{Folder}/blocks", Content[..8192]);
        File.WriteAllBytes($"{Folder}/folder/inner/odd", Content[..9001]);
        File.WriteAllBytes($"{Folder}/large", Content);
        File.WriteAllBytes($"{Folder}/fixed", Content[..100]);
        File.SetUnixFileMode($"{Folder}/fixed", UnixFileMode.UserRead);
        using (FileStream holes = File.Create($"{Folder}/holes"))
        {
            holes.SetLength(1 << 20);
            holes.Position = 300_000;
            holes.Write(Content, 0, 5000);
        }

        File.CreateSymbolicLink($"{Folder}/link", "blocks");
        File.CreateSymbolicLink($"{Folder}/dead", "nowhere");
        File.CreateSymbolicLink($"{Folder}/loop", "loop");
        File.CreateSymbolicLink($"{Folder}/folder/up", "..");
    }

    /// <summary>Removes the files, and closes what the call got.</summary>
    /// <exception cref="InvalidOperationException">Something was made outside of the folder of the calls.</exception>
    public void Empty()
    {
        while (_open.TryPop(out IDisposable? item))
        {
            item.Dispose();
        }

        Directory.Delete(_root["outer"], recursive: true);
        Directory.Delete(_root["host"], recursive: true);
        if (_root.Names is not ["bin"])
        {
            throw new InvalidOperationException($"Beside the folder of the call there is {string.Join(", ", _root.Names)}.");
        }
    }

    /// <summary>What an unfinished copy has left.</summary>
    /// <param name="keepsPartial">Whether a resumable copy was asked for.</param>
    public IEnumerable<string> Litter(bool keepsPartial) =>
        new[] { Folder, Home }.SelectMany(folder => Directory.EnumerateFileSystemEntries(folder, "*", Everywhere)).Where(path =>
            (path.Contains(".splice-", StringComparison.Ordinal) && path.EndsWith(".tmp", StringComparison.Ordinal))
            || (!keepsPartial && path.Contains(".splice-partial", StringComparison.Ordinal)));

    /// <summary>A handle that does not make a transfer of these files wait.</summary>
    /// <param name="random">Chooses.</param>
    /// <param name="isRead">Whether it is read.</param>
    public object Handle(Random random, bool isRead) => random.Next(16) switch
    {
        0 => Keep(File.OpenRead(Path("large"))),
        1 => Keep(File.OpenRead(Path("none"))),
        2 => Keep(new FileStream(Path("blocks"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete)),
        3 => Keep(new FileStream(Path("five"), FileMode.Append, FileAccess.Write)),
        4 => Keep(new FileStream("/dev/null", FileMode.Open, FileAccess.ReadWrite)),
        5 => Keep(new FileStream("/dev/full", FileMode.Open, FileAccess.Write)),
        6 => Keep(File.OpenHandle(Path("large"), options: FileOptions.None)),
        7 => EndedPipe(count: random.Next(2) * 5),
        8 => isRead ? EndedPipe(count: 4096) : WidePipe(),
        9 => BrokenPipe(),
        10 => Connection(peerIsGone: random.Next(2) == 0),
        11 => Closed(random),
        12 or 13 => isRead ? EndedPipe(count: 9000) : WidePipe(),
        14 => Keep(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)),
        _ => Number(random),
    };

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("PATH", _path);
        _root.Dispose();
    }

    private string Path(string name) => $"{Folder}/{name}";

    private T Keep<T>(T item)
        where T : IDisposable
    {
        _open.Push(item);
        return item;
    }

    /// <summary>A descriptor's number: one that is not open, or one that nobody else gets after it was closed.</summary>
    private long Number(Random random) => random.Next(4) switch
    {
        0 => -1,
        1 => int.MaxValue,
        2 => 99_999,
        _ => Keep(new HighDescriptor(Path("large"))).Number,
    };

    /// <summary>A pipe with an end: what reads it does not wait.</summary>
    private AnonymousPipeServerStream EndedPipe(int count)
    {
        var pipe = Keep(new AnonymousPipeServerStream(PipeDirection.In));
        using var writer = new AnonymousPipeClientStream(PipeDirection.Out, pipe.ClientSafePipeHandle);
        writer.Write(Content, 0, count);
        return pipe;
    }

    /// <summary>Everything fits in. Nobody writes to it, so nothing may read it.</summary>
    private object WidePipe() =>
        Keep((IDisposable)shell.Run("New-SplicePipe 1MB").Output[0].BaseObject);

    private AnonymousPipeServerStream BrokenPipe()
    {
        var pipe = Keep(new AnonymousPipeServerStream(PipeDirection.Out));
        pipe.ClientSafePipeHandle.Dispose();
        return pipe;
    }

    private Socket Connection(bool peerIsGone)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = Keep(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.Connect(listener.LocalEndpoint);
        Socket peer = Keep(listener.AcceptSocket());

        // Its bytes have an end; its reader takes all of these files into its buffer.
        peer.Send(Content, 0, 5, SocketFlags.None);
        peer.Shutdown(SocketShutdown.Send);
        if (peerIsGone)
        {
            peer.Dispose();
        }

        return socket;
    }

    private object Closed(Random random)
    {
        IDisposable item = random.Next(4) switch
        {
            0 => File.OpenRead(Path("large")),
            1 => File.OpenHandle(Path("large")),
            2 => new AnonymousPipeServerStream(),
            _ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp),
        };
        item.Dispose();
        return item;
    }
}
