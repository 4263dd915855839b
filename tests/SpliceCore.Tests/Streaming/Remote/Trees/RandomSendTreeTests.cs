using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>Random trees, with all that there is to keep.</summary>
public sealed class RandomSendTreeTests(SshServer server, MountedFileSystems fileSystems)
{
    [Fact]
    public void A_host_with_the_tar_of_GNU_keeps_everything_but_sockets_and_holes()
    {
        SshServer.Require();
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        for (int seed = 0; seed < FullRun.Count(everyday: 3, full: 12); seed++)
        {
            RandomTree.Make(folder["source"], seed, HeldKinds.Of(folder.Folder) & ~TreeKinds.Sockets);
            RemoteTransferResult result = Remotes.Result(Remotes.Send(new SendRequest
            {
                Source = folder["source"],
                Hosts = [server.Host()],
                Destination = folder["copy"],
                Ssh = server.SharedConnection,
                Recurse = true,
                Verify = true,
                Preserve = PreserveAttributes.All,
            }));
            Assert.All(result.Warnings, warning => Assert.StartsWith("The holes of ", warning, StringComparison.Ordinal));
            TreeListing.Of(folder["source"], sync: false).AssertSame(TreeListing.Of(folder["copy"], sync: false), TreeAspects.Copied & ~TreeAspects.Allocation);
            Command.Check("rm", "-rf", folder["source"], folder["copy"]);
        }
    }
}
