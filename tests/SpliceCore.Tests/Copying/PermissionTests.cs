using Xunit;

namespace Splice.Tests.Copying;

/// <summary>Copies that a user without privilege makes, in a process of its own.</summary>
public sealed class PermissionTests : IDisposable
{
    private readonly Workspace _folder;

    public PermissionTests()
    {
        Command.RequireRoot();
        _folder = new Workspace();
        Command.Check("chmod", "0755", _folder.Folder);
        Directory.CreateDirectory(_folder["own"]);
        Command.Check("chown", "65534:65534", _folder["own"]);
        _folder.WriteRandom("source", 100_000);
    }

    private CopyRequest Request => new() { Source = _folder["source"], Destination = _folder["own/copy"] };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_user_copies_into_a_folder_of_his_own()
    {
        HostAnswer answer = HostedCopy.RunAsNobody(Request);

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal("644 65534:65534", Files.Metadata(_folder["own/copy"], "%a %u:%g"));
        Assert.Equal(["copy"], Names("own"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_read_only_file_is_replaced_only_by_force(bool force)
    {
        byte[] old = WriteOld("own/copy", "0444", "65534:65534");

        HostAnswer answer = HostedCopy.RunAsNobody(Request with { Force = force });

        AssertEnded(answer, force ? null : TransferErrorId.PermissionDenied, "own", old);
    }

    [Fact]
    public void Somebody_elses_file_that_may_be_written_is_replaced_and_the_lost_owner_told()
    {
        WriteOld("own/copy", "0666", "0:0");

        HostAnswer answer = HostedCopy.RunAsNobody(Request);

        AssertEnded(answer, null, "own", []);
        Assert.Contains("owner", Assert.Single(answer.Warnings), StringComparison.Ordinal);
        Assert.Equal("644 65534:65534", Files.Metadata(_folder["own/copy"], "%a %u:%g"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_in_a_folder_that_may_not_be_written_stays(bool force)
    {
        Directory.CreateDirectory(_folder["theirs"]);
        byte[] old = WriteOld("theirs/copy", "0666", "65534:65534");

        HostAnswer answer = HostedCopy.RunAsNobody(Request with { Destination = _folder["theirs/copy"], Force = force });

        AssertEnded(answer, TransferErrorId.PermissionDenied, "theirs", old);
    }

    [Fact]
    public void A_file_in_a_folder_that_may_not_be_written_takes_a_range_in_place()
    {
        Directory.CreateDirectory(_folder["theirs"]);
        WriteOld("theirs/copy", "0666", "0:0");

        HostAnswer answer = HostedCopy.RunAsNobody(
            Request with { Destination = _folder["theirs/copy"], DestinationOffset = 0 });

        AssertEnded(answer, null, "theirs", []);
        Assert.Equal("666 0:0", Files.Metadata(_folder["theirs/copy"], "%a %u:%g"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Somebody_elses_file_in_a_sticky_folder_stays(bool force)
    {
        Directory.CreateDirectory(_folder["sticky"]);
        Command.Check("chmod", "1777", _folder["sticky"]);
        byte[] old = WriteOld("sticky/copy", "0666", "0:0");

        HostAnswer answer = HostedCopy.RunAsNobody(Request with { Destination = _folder["sticky/copy"], Force = force });

        AssertEnded(answer, TransferErrorId.PermissionDenied, "sticky", old);
    }

    [Fact]
    public void A_source_that_may_not_be_read_is_an_error_before_anything()
    {
        Command.Check("chmod", "0600", _folder["source"]);
        byte[] old = WriteOld("own/copy", "0644", "65534:65534");

        AssertEnded(HostedCopy.RunAsNobody(Request), TransferErrorId.PermissionDenied, "own", old);
    }

    private byte[] WriteOld(string name, string mode, string owner)
    {
        byte[] old = Workspace.RandomBytes(5000, seed: 2);
        _folder.Write(name, old);
        Command.Check("chown", owner, _folder[name]);
        Command.Check("chmod", mode, _folder[name]);
        return old;
    }

    private void AssertEnded(HostAnswer answer, TransferErrorId? error, string folder, byte[] old)
    {
        Assert.Equal(error?.ToString(), answer.Error);
        Assert.Equal(["copy"], Names(folder));
        Assert.Equal(error is null ? File.ReadAllBytes(_folder["source"]) : old, File.ReadAllBytes(_folder[$"{folder}/copy"]));
    }

    private IEnumerable<string> Names(string folder) =>
        Directory.GetFileSystemEntries(_folder[folder]).Select(entry => Path.GetFileName(entry));
}
