using Splice.Descriptors;

namespace Splice.Copying;

/// <summary>What is known of the two file systems that a folder's files go between, so that not each file asks again.</summary>
internal sealed class DevicePair(ulong source, ulong destination, FileSystemType fileSystem)
{
    private volatile bool _refusesReflink;
    private long _sourceFileSystem = long.MinValue;

    /// <summary>True if a reflink was refused for the file systems' sake, not for the file's.</summary>
    public bool RefusesReflink => _refusesReflink;

    /// <summary>The destination's.</summary>
    public FileSystemType FileSystem => fileSystem;

    /// <summary>The file system of a file that is copied; all files of the source's device have one.</summary>
    public FileSystemType SourceFileSystemOf(Descriptor file)
    {
        if (file.Status.Inode.Device != source)
        {
            return FileSystemTypes.Of(file.Handle);
        }

        long known = Interlocked.Read(ref _sourceFileSystem);
        if (known == long.MinValue)
        {
            known = (long)FileSystemTypes.Of(file.Handle);
            Interlocked.Exchange(ref _sourceFileSystem, known);
        }

        return (FileSystemType)known;
    }

    public bool IsFor(ulong sourceDevice, ulong destinationDevice) => (source, destination) == (sourceDevice, destinationDevice);

    /// <summary>Learns from the methods that did not serve for a file.</summary>
    public void Learn(IReadOnlyList<MethodAttempt> attempts)
    {
        foreach (MethodAttempt attempt in attempts)
        {
            if (attempt.Method == TransferMethod.Reflink && attempt.Errno is Errno.EOPNOTSUPP or Errno.EXDEV or Errno.ENOTTY)
            {
                _refusesReflink = true;
            }
        }
    }
}
