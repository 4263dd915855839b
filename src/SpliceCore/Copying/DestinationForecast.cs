using Splice.Copying;
using Splice.Descriptors;

namespace Splice;

/// <summary>What a copy would find where it goes. Nothing is opened, and it may be another when the copy comes.</summary>
/// <param name="Path">Where the copy goes, with the source's name where the destination is a folder.</param>
/// <param name="Kind">What is there.</param>
public sealed record DestinationForecast(string Path, ForecastKind Kind)
{
    /// <summary>Looks whether a source is missing.</summary>
    /// <param name="source">What would be copied.</param>
    /// <param name="followLink">Whether what a link leads to would be copied, and not the link.</param>
    /// <returns>The error that the copy would end with; null where the source exists.</returns>
    public static TransferException? FindMissing(string source, bool followLink = true) =>
        FileStatus.TryGet(source, followLink, out _) is { Ok: false, Errno: Errno.ENOENT or Errno.ENOTDIR } looked
            ? FileFailures.OpenSource(source, looked.Errno)
            : null;

    /// <summary>Looks.</summary>
    /// <param name="source">What would be copied.</param>
    /// <param name="destination">Where to: a path, or a folder that takes it.</param>
    /// <returns>What is there; nothing where the destination is no path, which the copy itself will tell.</returns>
    public static DestinationForecast Of(string source, string destination)
    {
        try
        {
            using var path = DestinationPath.Resolve(source, destination);
            return new DestinationForecast(path.Path, path.Existing?.Kind switch
            {
                null => ForecastKind.Nothing,
                DescriptorKind.Regular => ForecastKind.File,
                DescriptorKind.Directory => ForecastKind.Folder,
                _ => ForecastKind.Special,
            });
        }
        catch (TransferException exception) when (exception is { Id: TransferErrorId.DestinationExists, Target: string folder })
        {
            return new DestinationForecast(folder, ForecastKind.Folder);
        }
        catch (TransferException)
        {
            return new DestinationForecast(destination, ForecastKind.Nothing);
        }
    }
}

/// <summary>What is where a copy goes.</summary>
public enum ForecastKind
{
    /// <summary>The name is free.</summary>
    Nothing,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A device, a FIFO or a socket.</summary>
    Special,
}
