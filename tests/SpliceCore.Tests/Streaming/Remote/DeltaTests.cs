using Xunit;

namespace Splice.Tests.Streaming.Remote;

/// <summary>A large file "source" and an older version "target" of it, one of them on a host that is this machine.</summary>
public abstract class DeltaTests(SshServer server) : IDisposable
{
    private protected const int MiB = 1 << 20;
    private protected const int Size = (8 * MiB) + 4321;

    public static TheoryData<string> Hosts => ["bash", "dash", "busybox", "without python", "without ctypes"];

    private protected SshServer Server => server;

    private protected Workspace Folder { get; } = new();

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Returns the content of the source with each byte inverted.</summary>
    private protected byte[] Inverted() => [.. File.ReadAllBytes(Folder["source"]).Select(one => (byte)~one)];

    /// <summary>Writes both files with the same content, and returns it.</summary>
    private protected byte[] MakeBoth()
    {
        byte[] content = Workspace.RandomBytes(Size);
        Folder.Write("source", content);
        Folder.Write("target", content);
        return content;
    }

    /// <summary>Writes both files, changes the content and the length of the source, and returns its content.</summary>
    private protected byte[] MakeChanged(Random random)
    {
        byte[] content = MakeBoth();
        Array.Resize(ref content, random.Next(2) == 0 ? Size : random.Next(MiB, 2 * Size));
        for (int i = random.Next(4); i >= 0; i--)
        {
            int start = random.Next(content.Length);
            Span<byte> range = content.AsSpan(start, random.Next(1, Math.Min(content.Length - start, 3 * MiB) + 1));
            if (random.Next(2) == 0)
            {
                range.Clear();
            }
            else
            {
                random.NextBytes(range);
            }
        }

        File.WriteAllBytes(Folder["source"], content);
        return content;
    }

    /// <summary>Returns a host with certain tools.</summary>
    /// <param name="wire">A redirection that also writes what travels to the file "wire".</param>
    private protected RemoteHost Host(string name, string wire)
    {
        string shell = $"{(name == "dash" ? "dash" : "bash")} -c";
        if (name == "without python")
        {
            string tools = Directory.CreateDirectory(Folder["tools"]).FullName;
            Command.Check("sh", "-c", $"ln -sf /usr/bin/* {tools}/; rm {tools}/python3*");
            shell = $"env PATH={tools} bash -c";
        }
        else if (name == "without ctypes")
        {
            string tools = Directory.CreateDirectory(Folder["tools"]).FullName;
            File.WriteAllText($"{tools}/python3", "#!/bin/sh\nshift 3\nprogram=$1\nshift\nexec /usr/bin/python3 -I -S -c \"import sys; sys.modules['ctypes'] = None\n$program\" \"$@\"\n");
            File.SetUnixFileMode($"{tools}/python3", UnixFileMode.UserRead | UnixFileMode.UserExecute);
            shell = $"env PATH={tools}:/usr/bin:/bin bash -c";
        }

        return server.Host($"delta-{Guid.NewGuid():N}", $"PATH=/usr/bin:/bin; exec {(name == "busybox" ? server.BusyboxCommand : shell)} \"$SSH_ORIGINAL_COMMAND\" {wire}");
    }
}
