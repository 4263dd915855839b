using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using Splice.TestKit;

namespace Splice.Fuzz;

/// <summary>The directory that the calls may change, the same before each call, and the open handles that they get. No call
/// changes anything outside: an ssh that is first in PATH runs the commands for hosts inside.</summary>
/// <param name="shell">Has the module imported.</param>
public sealed class FuzzSandbox(ModuleShell shell) : IDisposable
{
    private static readonly byte[] Content = Workspace.RandomBytes(50_000);

    // There are circles of links.
    private static readonly EnumerationOptions Everywhere = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };

    private readonly Workspace _root = Workspace.InMemory();
    private readonly string? _path = Environment.GetEnvironmentVariable("PATH");
    private readonly Stack<IDisposable> _open = new();

    /// <summary>Makes the ssh.</summary>
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

    /// <summary>The working directory of the calls.</summary>
    public string Folder => _root["outer/call"];

    /// <summary>The home directory on the hosts; outside of <see cref="Folder"/>, so that no tree is sent into itself.</summary>
    private string Home => _root["host/home"];

    /// <summary>Makes the files.</summary>
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

    /// <summary>Removes the files and closes the handles of the call.</summary>
    /// <exception cref="InvalidOperationException">The call made something outside of its directory.</exception>
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

    /// <summary>Returns the temporary files left by the call.</summary>
    /// <param name="keepsPartial">Whether partial files may stay (-Resume).</param>
    public IEnumerable<string> Litter(bool keepsPartial) =>
        new[] { Folder, Home }.SelectMany(folder => Directory.EnumerateFileSystemEntries(folder, "*", Everywhere)).Where(path =>
            (path.Contains(".splice-", StringComparison.Ordinal) && path.EndsWith(".tmp", StringComparison.Ordinal))
            || path.EndsWith(".move", StringComparison.Ordinal)
            || (!keepsPartial && path.Contains(".splice-partial", StringComparison.Ordinal)));

    /// <summary>Opens a handle with which no transfer of these files waits.</summary>
    /// <param name="random">Chooses its kind.</param>
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

    /// <summary>Returns the number of a descriptor: a closed one, or one too high to be used again after it was closed.</summary>
    private long Number(Random random) => random.Next(4) switch
    {
        0 => -1,
        1 => int.MaxValue,
        2 => 99_999,
        _ => Keep(new HighDescriptor(Path("large"))).Number,
    };

    /// <summary>Opens a pipe with some bytes and no writer: reading it does not wait.</summary>
    private AnonymousPipeServerStream EndedPipe(int count)
    {
        var pipe = Keep(new AnonymousPipeServerStream(PipeDirection.In));
        using var writer = new AnonymousPipeClientStream(PipeDirection.Out, pipe.ClientSafePipeHandle);
        writer.Write(Content, 0, count);
        return pipe;
    }

    /// <summary>Opens a pipe that has room for every file. It must not be read: it never has a writer.</summary>
    private object WidePipe() =>
        Keep((IDisposable)shell.Run("New-SplicePipe 1MB")[0].BaseObject);

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

        // What it sends has an end, and its receive buffer has room for every file.
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
