using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace Splice.Tests;

/// <summary>A block device over a file. Root only: the test is skipped otherwise.</summary>
internal sealed class LoopDevice : IDisposable
{
    private LoopDevice(string path) => Path = path;

    public string Path { get; }

    public static LoopDevice Create(Workspace workspace, long size)
    {
        Assert.SkipUnless(Posix.IsRoot, "Only root sets up loop devices.");
        string image = workspace["loop.image"];
        using (FileStream file = File.Create(image))
        {
            file.SetLength(size);
        }

        string path = Losetup("--find", "--show", image);
        Assert.SkipWhen(path.Length == 0, "There is no free loop device, or no losetup.");
        return new LoopDevice(path);
    }

    public void Dispose() => Losetup("--detach", Path);

    private static string Losetup(params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("losetup", arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            string output = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return output;
        }
        catch (Win32Exception)
        {
            return string.Empty;
        }
    }
}
