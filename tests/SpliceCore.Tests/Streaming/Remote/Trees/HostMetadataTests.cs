using Xunit;

namespace Splice.Tests.Streaming.Remote.Trees;

/// <summary>Metadata are set of the items that a host has listed, and of nothing that takes their names.</summary>
public sealed class HostMetadataTests(SshServer server) : UpdateTests(server)
{
    private const PreserveAttributes Usual = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    [Theory]
    [InlineData("bash", PreserveAttributes.All)]
    [InlineData("dash", Usual)]
    [InlineData("busybox", Usual | PreserveAttributes.Ownership)]
    public void A_link_that_takes_the_name_of_an_item_is_not_followed(string shell, PreserveAttributes preserve)
    {
        SshServer.Require();
        Shell("mkdir -p source/sub source/folder target out/sub out/folder && for f in file sub/file same other; do echo 1 > source/$f; done"
            + " && cp -a source target/source && chmod 600 target/source/*e target/source/sub/file target/source/other && chmod 700 target/source/folder"
            + " && echo x > target/source/extra && echo keep > out/file && echo keep > out/sub/file"
            + " && chown 1234:1234 out/file out/sub/file && chmod 640 out/file out/sub/file && chmod 750 out/folder && touch -d @1000000000 out/* out/sub/*");
        string before = Metadata("out");
        List<RemoteOutcome> outcomes = [];

        RemoteCopy.Send(
            SendTo(Server.Host(shell)) with { Preserve = preserve, RemoveExtra = true, MaximumRemoval = 100 }, TransferMonitor.None, outcomes.Add,
            mayRemove: (_, _) =>
            {
                Shell("cd target/source && rm -r file sub folder && for n in file sub folder; do ln -s ../../out/$n $n; done && rm other && mkfifo other");
                return true;
            });

        RemoteTransferResult result = Remotes.Result(outcomes);
        Assert.Contains(result.Warnings, warning => warning.Contains("was changed", StringComparison.Ordinal));
        Assert.Equal(before, Metadata("out"));
        Assert.Equal(Metadata("source/same").Split(' ')[1..], Metadata("target/source/same").Split(' ')[1..]);
        Assert.Equal("fifo", Shell("stat -c %F target/source/other"));
    }

    /// <summary>The names are read by a shell, and a folder is changed after what is in it.</summary>
    [Theory]
    [MemberData(nameof(Shells))]
    public void Those_of_items_with_any_name_are_set(string shell)
    {
        SshServer.Require();
        Shell("mkdir -p 'source/ a/b ' && for f in ' x ' '\\\\' \"$(printf 'n\\nl')\" -rf '$(x)' ' a/b /é'; do echo 1 > \"source/$f\"; done"
            + " && chmod -R u=rwX,go=rX source && mkdir target && cp -a source target/source && chmod -R go= target/source && touch -d @1000000000 source/*' a' source");

        RemoteTransferResult result = Remotes.Result(Remotes.Send(SendTo(Server.Host(shell))));

        Assert.Empty(result.Warnings);
        Assert.Equal((6, 0L), (result.Updated, result.BytesSent));
        SampleTree.AssertSame(Folder["source"], Folder["target/source"], keepsFractions: shell != "busybox");
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void A_fifo_with_another_mode_is_replaced(string shell)
    {
        SshServer.Require();
        Shell("mkdir source target && mkfifo -m 644 source/fifo && cp -a source target/source && chmod 600 target/source/fifo");

        Remotes.Result(Remotes.Send(SendTo(Server.Host(shell)) with { Preserve = PreserveAttributes.All }));

        Assert.Equal("fifo 644", Shell("stat -c '%F %a' target/source/fifo"));
    }

    /// <summary>chown(2) clears the bits.</summary>
    [Theory]
    [MemberData(nameof(Shells))]
    public void A_file_that_gets_another_owner_keeps_its_set_user_id_bit(string shell)
    {
        SshServer.Require();
        Shell("mkdir source target && echo 1 > source/file && chmod 4755 source/file && cp -a source target/source"
            + " && chown 1234 target/source/file && chmod 4755 target/source/file");

        Remotes.Result(Remotes.Send(SendTo(Server.Host(shell)) with { Preserve = Usual | PreserveAttributes.Ownership }));

        Assert.Equal("4755 0", Shell("stat -c '%a %u' target/source/file"));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("busybox")]
    public void A_warning_names_the_item_whose_metadata_cannot_be_set(string shell)
    {
        RemoteHost host = UnprivilegedHost(shell);
        Shell("mkdir -p source/sub target && echo 1 > source/sub/file && cp -a source target/source && touch -d @1000000000 source/sub/file"
            + " && chown 65534 target target/source && chmod -R a+rX .");

        RemoteTransferResult result = Remotes.Result(Remotes.Send(SendTo(host) with { Update = UpdateMode.Content, Preserve = PreserveAttributes.Timestamps }));

        string warning = Assert.Single(result.Warnings);
        Assert.Contains("sub/file: Operation not permitted", warning, StringComparison.Ordinal);
    }

    /// <summary>tar has set its mode by then.</summary>
    [Fact]
    public void Those_of_items_in_a_read_only_folder_are_set()
    {
        RemoteHost host = UnprivilegedHost("bash");
        Shell("mkdir -p source/fixed target && echo 1 > source/fixed/file && chmod 555 source/fixed && cp -a source target/source"
            + " && chown -R 65534 target && chmod -R a+rX . && chmod 600 target/source/fixed/file && touch -d @1000000000 target/source/fixed");

        RemoteTransferResult result = Remotes.Result(Remotes.Send(SendTo(host) with { Preserve = PreserveAttributes.All & ~PreserveAttributes.Ownership }));

        Assert.Empty(result.Warnings);
        Assert.Equal("555 644", Shell("stat -c %a target/source/fixed target/source/fixed/file | paste -sd ' '"));
    }

    private RemoteHost UnprivilegedHost(string shell)
    {
        SshServer.Require();
        Command.Require("setpriv");
        string command = shell == "busybox" ? Server.BusyboxCommand : "bash -c";
        return Server.Host($"unprivileged-{shell}-{Guid.NewGuid():N}", $"setpriv --reuid=65534 --regid=65534 --clear-groups {command} \"$SSH_ORIGINAL_COMMAND\"");
    }

    private string Shell(string commands) => Command.Check("sh", "-c", $"cd '{Folder.Folder}' && {commands}");

    private string Metadata(string name) => Shell($"find {name} -exec stat -c '%n %u:%g %a %Y' {{}} + | sort");
}
