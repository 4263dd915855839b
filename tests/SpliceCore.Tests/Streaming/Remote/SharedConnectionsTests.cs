using Splice.Streaming.Remote;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

public sealed class SharedConnectionsTests
{
    [Fact]
    public void A_folder_of_sockets_that_is_gone_is_not_an_error()
    {
        Command.Require("ssh");
        var shared = new SharedConnections();
        string? path = PathFor(shared, "splice.invalid");
        if (path is not null)
        {
            Directory.Delete(Path.GetDirectoryName(path)!);
        }

        shared.Dispose();

        Assert.SkipWhen(path is null, "the path of the folder for temporary files is too long for a socket");
        Assert.False(Directory.Exists(Path.GetDirectoryName(path)));
    }

    /// <summary>ssh would run the script of one host on another: it does not compare their names.</summary>
    [Fact]
    public void Each_of_many_hosts_has_a_socket_of_its_own()
    {
        const int Hosts = 32;
        Command.Require("ssh");
        for (int round = 0; round < FullRun.Count(everyday: 5, full: 50); round++)
        {
            using var shared = new SharedConnections();
            using var all = new Barrier(Hosts);
            Worker<string?>[] workers = [.. Enumerable.Range(0, Hosts).Select(i => new Worker<string?>(() =>
            {
                all.SignalAndWait();
                return PathFor(shared, $"splice-{i}.invalid");
            }))];
            string?[] paths = [.. workers.Select(worker => worker.Join())];

            Assert.SkipWhen(paths[0] is null, "the path of the folder for temporary files is too long for a socket");
            Assert.Equal(paths.Order(StringComparer.Ordinal), paths.Distinct().Order(StringComparer.Ordinal));
        }
    }

    private static string? PathFor(SharedConnections shared, string host)
    {
        const string Setting = "ControlPath=";
        return shared.OptionsFor(RemoteHost.Parse(host), new SshOptions(), ["-F", "/dev/null"])
            .FirstOrDefault(option => option.StartsWith(Setting, StringComparison.Ordinal))?[Setting.Length..];
    }
}
