namespace Splice.TestKit.FileSystems;

/// <summary>A block device on an image file.</summary>
internal sealed class LoopDevice : IDisposable
{
    private readonly Workspace _workspace = new();

    /// <param name="content">What is on it.</param>
    public LoopDevice(byte[] content)
    {
        try
        {
            Command.RequireRoot();
            Command.Require("losetup");
            _workspace.Write("image", content);
            Path = Command.Check("losetup", "--find", "--show", _workspace["image"]);
        }
        catch
        {
            _workspace.Dispose();
            throw;
        }
    }

    /// <summary>The device node.</summary>
    public string Path { get; }

    /// <summary>The file behind it.</summary>
    public string Image => _workspace["image"];

    public byte[] Read() => File.ReadAllBytes(Path);

    public void Dispose()
    {
        Command.Run("losetup", "--detach", Path);
        _workspace.Dispose();
    }
}
