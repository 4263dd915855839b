using Splice.Streaming.Remote;
using Xunit;

namespace Splice.Tests.Streaming.Remote;

public sealed class SharedConnectionsTests
{
    [Fact]
    public void A_folder_of_sockets_that_is_gone_is_not_an_error()
    {
        Command.Require("ssh");
        const string Setting = "ControlPath=";
        var shared = new SharedConnections();
        string? path = shared.OptionsFor(RemoteHost.Parse("splice.invalid"), new SshOptions(), [])
            .FirstOrDefault(option => option.StartsWith(Setting, StringComparison.Ordinal))?[Setting.Length..];
        if (path is not null)
        {
            Directory.Delete(Path.GetDirectoryName(path)!);
        }

        shared.Dispose();

        Assert.SkipWhen(path is null, "the path of the folder for temporary files is too long for a socket");
        Assert.False(Directory.Exists(Path.GetDirectoryName(path)));
    }
}
