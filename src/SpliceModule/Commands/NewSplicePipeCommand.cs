using System.Management.Automation;

namespace Splice.Commands;

/// <summary>Creates a kernel pipe.</summary>
[Cmdlet(VerbsCommon.New, "SplicePipe")]
[OutputType(typeof(SplicePipe))]
public sealed class NewSplicePipeCommand : TransferCommand
{
    /// <summary>Requested capacity in bytes.</summary>
    [Parameter(Position = 0), ValidateRange(1, 1 << 30)]
    public int? Capacity { get; set; }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        if (Try("Making a pipe", _ => SplicePipe.Create(Capacity)) is not { } pipe)
        {
            return;
        }

        if (pipe.Refusal is var errno and not Errno.None)
        {
            WriteWarning($"The pipe holds {pipe.Capacity} bytes, and not {Capacity}: the kernel gives this user no more ({errno}). Close pipes that are not needed, or have /proc/sys/fs/pipe-max-size or pipe-user-pages-soft raised.");
        }

        WriteObject(pipe);
    }
}
