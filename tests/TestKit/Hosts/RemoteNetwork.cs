using System.Globalization;
using Xunit;

namespace Splice.TestKit.Hosts;

/// <summary>A network namespace with a link of its own to this machine, for as long as the object lives: as far as ssh can tell
/// it is another machine.</summary>
public sealed class RemoteNetwork : IDisposable
{
    private const string FarLink = "far";

    private static int _count = Environment.ProcessId * 8;

    // An interface's name has 15 characters at most.
    private readonly string _link = $"sp{Guid.NewGuid():N}"[..12];

    private readonly string _name;

    private RemoteNetwork()
    {
        // The addresses that RFC 2544 keeps for tests, four to a link.
        int number = Interlocked.Increment(ref _count) % (1 << 15);
        string Part(int last) => string.Create(CultureInfo.InvariantCulture, $"198.{18 + (number >> 14)}.{(number >> 6) & 0xFF}.{((number & 0x3F) * 4) + last}");
        _name = string.Create(CultureInfo.InvariantCulture, $"{Workspace.RunName}-{number}");
        Address = Part(2);
        NearAddress = Part(1);
    }

    /// <summary>The address there.</summary>
    public string Address { get; }

    /// <summary>What starts a command there. ip(8) would give it a mount namespace as well, in which what other tests have mounted
    /// stays mounted.</summary>
    public string[] Enter => ["nsenter", $"--net=/run/netns/{_name}"];

    private string NearAddress { get; }

    /// <summary>Makes one; skips the test where this cannot be done.</summary>
    public static RemoteNetwork Create()
    {
        Command.RequireRoot();
        Command.Require("ip", "tc");
        var network = new RemoteNetwork();
        Command.Output added = Command.Run("ip", "netns", "add", network._name);
        Assert.SkipUnless(added.ExitCode == 0, $"a network namespace cannot be made here: {added.Errors}");
        try
        {
            Command.Output linked = Command.Run("ip", "link", "add", network._link, "type", "veth", "peer", "name", FarLink, "netns", network._name);
            Assert.SkipUnless(linked.ExitCode == 0, $"a link to a network namespace cannot be made here: {linked.Errors}");
            Command.Check("ip", "address", "add", network.NearAddress + "/30", "dev", network._link);
            Command.Check("ip", "link", "set", network._link, "up");
            Command.Check("ip", "-n", network._name, "address", "add", network.Address + "/30", "dev", FarLink);
            network.SetLink(isUp: true);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Gives the way there a queueing discipline of tc(8); skips the test where the kernel has none of that name.</summary>
    public void Shape(string discipline)
    {
        Command.Output shaped = Command.Run("tc", ["qdisc", "add", "dev", _link, "root", .. discipline.Split(' ')]);
        Assert.SkipUnless(shaped.ExitCode == 0, $"this kernel has no such queueing discipline ({discipline}): {shaped.Errors}");
    }

    /// <summary>How many packets the queueing discipline has dropped.</summary>
    public long Dropped()
    {
        string[] words = Command.Check("tc", "-s", "qdisc", "show", "dev", _link).Split(' ', ',', '(');
        return long.Parse(words[Array.IndexOf(words, "dropped") + 1], CultureInfo.InvariantCulture);
    }

    /// <summary>Pulls the cable on the other side, or plugs it in again.</summary>
    public void SetLink(bool isUp) => Command.Check("ip", "-n", _name, "link", "set", FarLink, isUp ? "up" : "down");

    public void Dispose()
    {
        foreach (string id in Command.Run("ip", "netns", "pids", _name).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Command.Run("kill", "-9", id);
        }

        Command.Run("ip", "netns", "delete", _name);
        Command.Run("ip", "link", "delete", _link);
    }
}
