using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.TestKit.FileSystems;

/// <summary>A FUSE file system with files in one folder that report any size, and have no blocks. It speaks the kernel's protocol
/// by itself (linux/fuse.h), so that no library is needed.</summary>
internal sealed partial class FuseMount : IDisposable
{
    private const int MessageSize = 256 * 1024;
    private const int HeaderLength = 40; // struct fuse_in_header
    private const int AnswerLength = 16; // struct fuse_out_header
    private const int ForceDetach = 3; // MNT_FORCE | MNT_DETACH
    private const uint FolderMode = 0x41ED; // S_IFDIR | 0755
    private const uint FileMode = 0x81A4; // S_IFREG | 0644

    private readonly Workspace _workspace = new();
    private readonly List<(string Name, long Size, byte[] Content)> _files = [];
    private readonly SafeFileHandle _device;
    private readonly Thread _thread;

    /// <summary>Mounts it; skips the test where that cannot be done.</summary>
    /// <param name="files">The files: their names, the sizes that they report, and what they have.</param>
    public FuseMount(params (string Name, long Size, byte[] Content)[] files)
    {
        Command.RequireRoot();
        Assert.SkipUnless(File.Exists("/dev/fuse"), "there is no /dev/fuse");
        _files.AddRange(files);
        Directory.CreateDirectory(Folder);
        _device = Posix.Open("/dev/fuse", LibC.O_RDWR);
        string options = string.Create(CultureInfo.InvariantCulture, $"fd={_device.DangerousGetHandle()},rootmode=40000,user_id=0,group_id=0");
        if (mount("splice-test", Folder, "fuse", 0, options) != 0)
        {
            Assert.Skip($"FUSE cannot be mounted here: error {Marshal.GetLastPInvokeError()}");
        }

        _thread = new Thread(Serve) { IsBackground = true };
        _thread.Start();
    }

    public string Folder => _workspace["mnt"];

    public string this[string name] => Path.Combine(Folder, name);

    public void Dispose()
    {
        // Another process may have it in a mount namespace of its own; MNT_FORCE makes the read of the server end all the same.
        umount2(Folder, ForceDetach);
        _thread.Join();
        _device.Dispose();
        _workspace.Dispose();
    }

    /// <summary>Answers until the file system is unmounted.</summary>
    private void Serve()
    {
        byte[] message = new byte[MessageSize];
        while (true)
        {
            SysResult read = LibC.Read(_device, message, offset: null);
            if (read.Errno is Errno.EINTR or Errno.EAGAIN or Errno.ENOENT)
            {
                continue;
            }

            if (!read.Ok || read.Value < HeaderLength)
            {
                return; // ENODEV: it is unmounted
            }

            ReadOnlySpan<byte> request = message.AsSpan(0, (int)read.Value);
            uint operation = BinaryPrimitives.ReadUInt32LittleEndian(request[4..]);
            ulong unique = BinaryPrimitives.ReadUInt64LittleEndian(request[8..]);
            ulong node = BinaryPrimitives.ReadUInt64LittleEndian(request[16..]);
            if (operation is 2 or 36 or 42)
            {
                continue; // FUSE_FORGET, FUSE_INTERRUPT, FUSE_BATCH_FORGET want no answer
            }

            Answer(unique, Handle(operation, node, request[HeaderLength..]));
        }
    }

    /// <summary>The answer to an operation; null for ENOSYS, and empty for a name that is missing.</summary>
    private byte[]? Handle(uint operation, ulong node, ReadOnlySpan<byte> body) => operation switch
    {
        1 => Lookup(Encoding.UTF8.GetString(body[..body.IndexOf((byte)0)])),
        3 => [.. new byte[16], .. Attributes(node)], // FUSE_GETATTR, not to be cached
        14 => [.. new byte[8], 1, 0, 0, 0, 0, 0, 0, 0], // FUSE_OPEN: FOPEN_DIRECT_IO
        15 => ReadFile(node, BinaryPrimitives.ReadInt64LittleEndian(body[8..]), BinaryPrimitives.ReadInt32LittleEndian(body[16..])),
        17 => new byte[80], // FUSE_STATFS
        18 or 25 or 29 => [], // FUSE_RELEASE, FUSE_FLUSH, FUSE_RELEASEDIR
        26 => Init(),
        27 => new byte[16], // FUSE_OPENDIR
        28 => BinaryPrimitives.ReadInt64LittleEndian(body[8..]) == 0 ? List() : [],
        _ => null,
    };

    private void Answer(ulong unique, byte[]? body)
    {
        bool isMissing = body is [255];
        int error = body is null ? -(int)Errno.ENOSYS : isMissing ? -(int)Errno.ENOENT : 0;
        byte[] content = error == 0 ? body! : [];
        byte[] answer = new byte[AnswerLength + content.Length];
        BinaryPrimitives.WriteInt32LittleEndian(answer, answer.Length);
        BinaryPrimitives.WriteInt32LittleEndian(answer.AsSpan(4), error);
        BinaryPrimitives.WriteUInt64LittleEndian(answer.AsSpan(8), unique);
        content.CopyTo(answer, AnswerLength);
        LibC.Write(_device, answer, offset: null);
    }

    private static byte[] Init()
    {
        byte[] answer = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(answer, 7);
        BinaryPrimitives.WriteUInt32LittleEndian(answer.AsSpan(4), 31);
        BinaryPrimitives.WriteUInt32LittleEndian(answer.AsSpan(8), 128 * 1024); // max_readahead
        BinaryPrimitives.WriteUInt32LittleEndian(answer.AsSpan(20), 128 * 1024); // max_write
        BinaryPrimitives.WriteUInt32LittleEndian(answer.AsSpan(24), 1); // time_gran
        return answer;
    }

    private byte[] Lookup(string name)
    {
        int index = _files.FindIndex(file => file.Name == name);
        if (index < 0)
        {
            return [255];
        }

        byte[] answer = new byte[40];
        BinaryPrimitives.WriteInt64LittleEndian(answer, index + 2);
        return [.. answer, .. Attributes((ulong)(index + 2))];
    }

    private byte[] Attributes(ulong node)
    {
        byte[] attributes = new byte[88];
        bool isFolder = node == 1;
        BinaryPrimitives.WriteUInt64LittleEndian(attributes, node);
        BinaryPrimitives.WriteInt64LittleEndian(attributes.AsSpan(8), isFolder ? 0 : _files[(int)node - 2].Size);
        BinaryPrimitives.WriteInt64LittleEndian(attributes.AsSpan(32), 1_000_000_000); // mtime
        BinaryPrimitives.WriteUInt32LittleEndian(attributes.AsSpan(60), isFolder ? FolderMode : FileMode);
        BinaryPrimitives.WriteUInt32LittleEndian(attributes.AsSpan(64), isFolder ? 2u : 1u); // nlink
        BinaryPrimitives.WriteUInt32LittleEndian(attributes.AsSpan(80), 4096); // blksize
        return attributes;
    }

    private byte[] ReadFile(ulong node, long offset, int count)
    {
        byte[] content = _files[(int)node - 2].Content;
        return offset >= content.Length ? [] : content.AsSpan((int)offset, (int)Math.Min(count, content.Length - offset)).ToArray();
    }

    private byte[] List()
    {
        using var entries = new MemoryStream();
        for (int i = 0; i < _files.Count; i++)
        {
            byte[] name = Encoding.UTF8.GetBytes(_files[i].Name);
            byte[] entry = new byte[(24 + name.Length + 7) / 8 * 8];
            BinaryPrimitives.WriteInt64LittleEndian(entry, i + 2);
            BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(8), i + 1);
            BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(16), name.Length);
            BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(20), 8); // DT_REG
            name.CopyTo(entry, 24);
            entries.Write(entry);
        }

        return entries.ToArray();
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, nuint flags, string data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);
}
