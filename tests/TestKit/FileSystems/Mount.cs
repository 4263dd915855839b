using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Splice.TestKit.FileSystems;

/// <summary>A file system of the test's own, mounted for as long as the object lives.</summary>
public sealed class Mount : IDisposable
{
    private readonly Workspace _workspace;

    private Mount(Workspace workspace) => _workspace = workspace;

    /// <summary>Its root folder.</summary>
    public string Folder => _workspace["mnt"];

    /// <summary>Makes an image file, a file system in it, and mounts that; skips the test where this cannot be done.</summary>
    /// <param name="type">What mount(8) calls the file system.</param>
    /// <param name="size">The image's size in bytes; the image is sparse.</param>
    /// <param name="options">More arguments for mkfs.</param>
    public static Mount Image(string type, long size, params string[] options)
    {
        Command.Require($"mkfs.{type}");
        return Create(workspace =>
        {
            using (FileStream image = File.Create(workspace["image"]))
            {
                image.SetLength(size);
            }

            Command.Check($"mkfs.{type}", [.. options, workspace["image"]]);
            return ["-t", type, "-o", "loop", workspace["image"]];
        });
    }

    /// <summary>Mounts a file system that lives in memory.</summary>
    public static Mount Memory(string type, string options) => Create(_ => ["-t", type, "-o", options, "none"]);

    /// <summary>Mounts a file system that can only be read, and has what a folder has now. Access control lists,
    /// nanoseconds, years before 1970 and some hard links are lost on the way.</summary>
    public static Mount Squashfs(string source)
    {
        Command.Require("mksquashfs");
        return Create(workspace =>
        {
            Command.Check("mksquashfs", source, workspace["image"], "-no-progress", "-quiet");
            return ["-t", "squashfs", "-o", "loop,ro", workspace["image"]];
        });
    }

    /// <summary>Mounts an overlay whose lower and upper folders are on another file system.</summary>
    public static Mount Overlay(string root) => Create(_ =>
    {
        string lower = Directory.CreateDirectory(Path.Combine(root, "lower")).FullName;
        string upper = Directory.CreateDirectory(Path.Combine(root, "upper")).FullName;
        string work = Directory.CreateDirectory(Path.Combine(root, "work")).FullName;
        File.WriteAllBytes(Path.Combine(lower, "below"), Workspace.RandomBytes(100_000, seed: 9));
        return ["-t", "overlay", "-o", $"lowerdir={lower},upperdir={upper},workdir={work}", "none"];
    });

    /// <summary>What the disk of an image does not have by now is gone: as after a power failure. Skips the test where the
    /// file system cannot be stopped so.</summary>
    public void LosePower()
    {
        using (SafeFileHandle root = Posix.OpenRead(Folder))
        {
            Assert.SkipUnless(Posix.TryShutDown(root), "the file system cannot be shut down");
        }

        Unmount(Folder);

        // In the mount namespace of another test's process it is still mounted, and would be the one that is mounted again.
        Wait.Until(() => Command.Check("losetup", "--associated", _workspace["image"]).Length == 0, "The file system stays mounted elsewhere.");
        Command.Check("mount", "-o", "loop", _workspace["image"], Folder);
    }

    /// <summary>Changes bytes on the disk of an image behind the file system's back.</summary>
    /// <param name="content">What to look for, there once.</param>
    /// <param name="first">What its first byte becomes.</param>
    public void CorruptImage(ReadOnlySpan<byte> content, byte first)
    {
        using FileStream image = File.Open(_workspace["image"], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        byte[] bytes = new byte[image.Length];
        image.ReadExactly(bytes);
        int at = bytes.AsSpan().IndexOf(content);
        Assert.True(at >= 0, "The disk does not have these bytes.");
        image.Position = at;
        image.WriteByte(first);
    }

    /// <summary>Unmounts what is mounted here. A process that another test starts has a copy of every descriptor until its exec.</summary>
    public static void Unmount(string path) =>
        Wait.Until(() => Command.Run("umount", path).ExitCode == 0, $"{path} stays in use.");

    public void Dispose()
    {
        if (Command.Run("umount", Folder).ExitCode != 0)
        {
            // A process that a failed test left behind still uses it: it goes when that one ends.
            Command.Run("umount", "--lazy", Folder);
        }

        _workspace.Dispose();
    }

    private static Mount Create(Func<Workspace, string[]> prepare)
    {
        Command.RequireRoot();
        Command.Require("mount", "umount");
        var workspace = new Workspace();
        try
        {
            Directory.CreateDirectory(workspace["mnt"]);
            Command.Output mounted = Command.Run("mount", [.. prepare(workspace), workspace["mnt"]]);
            Assert.SkipUnless(mounted.ExitCode == 0, $"cannot be mounted here: {mounted.Errors}");
            return new Mount(workspace);
        }
        catch
        {
            workspace.Dispose();
            throw;
        }
    }
}
