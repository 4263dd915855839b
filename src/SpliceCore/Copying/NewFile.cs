using Splice.Descriptors;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>A file that is built aside from a source's bytes and attributes, and then takes its place in one step.</summary>
internal sealed class NewFile : IDisposable
{
    private const uint PrivateMode = 0x180; // 0600, until the file gets the mode of another
    private const uint DefaultMode = 0x1B6; // 0666, of which the umask takes its share
    private const uint ReadWriteExecuteForAll = 0x1FF; // 0777

    private readonly CopyRequest _request;
    private readonly Descriptor _source;
    private readonly Place _place;
    private readonly MetadataLosses _losses;
    private readonly StagedFile _staged;
    private readonly Descriptor _destination;
    private readonly TransferRun _run;

    /// <param name="request">How to copy.</param>
    /// <param name="source">What to copy.</param>
    /// <param name="place">Where to.</param>
    /// <param name="spec">Which bytes.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <param name="tally">Counts.</param>
    /// <param name="losses">Hears what could not be kept.</param>
    public NewFile(
        CopyRequest request, Descriptor source, Place place, TransferSpec spec, TransferMonitor monitor, TransferTally tally, MetadataLosses losses)
    {
        _request = request;
        _source = source;
        _place = place;
        _losses = losses;
        _staged = StagedFile.Create(place, CreationMode, monitor.Cancellation);
        try
        {
            _destination = Descriptor.OfNewFile(_staged.Handle, place.Label);
            spec = spec with { DestinationOffset = request.DestinationOffset ?? 0 };
            RangeCheck.Destination(_destination, request.DestinationOffset, spec.DestinationOffset, spec.Length);
            _run = new TransferRun(source, _destination, spec, monitor, tally);
        }
        catch
        {
            _staged.Dispose();
            throw;
        }
    }

    public FileIdentity Identity => _destination.Status.Inode;

    /// <summary>The methods that did not serve.</summary>
    public IReadOnlyList<MethodAttempt> Attempts => _run.Attempts;

    /// <summary>A FIFO's or a device's mode is no mode for a file, and a range is not the file that it was taken from.</summary>
    private bool TakesAttributes => _request.IsWhole && _source.Kind == DescriptorKind.Regular;

    private uint CreationMode => (_place.Existing, TakesAttributes) switch
    {
        (null, false) => DefaultMode,
        (null, true) when !_request.Preserve.HasFlag(PreserveAttributes.Mode) => _source.Status.Permissions & ReadWriteExecuteForAll,
        _ => PrivateMode,
    };

    /// <summary>Copies, and puts the file in its place.</summary>
    /// <exception cref="TransferException">It was not done; what was there is as before.</exception>
    public void Make()
    {
        _run.Run();
        Metadata.OfFile(_staged.Handle, _place, TakesAttributes ? _source : null, _request.Preserve, _losses);
        try
        {
            _staged.Commit(_place.MayReplace);
        }
        catch (TransferException exception)
        {
            exception.Partial = Result();
            throw;
        }
    }

    /// <summary>What has been done.</summary>
    public TransferResult Result() => _run.Result() with { Warnings = _losses.Describe() };

    public void Dispose()
    {
        _run.Dispose();
        _staged.Dispose();
    }
}
