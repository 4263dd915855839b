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
        if (Try("Creating a pipe", _ => SplicePipe.Create(Capacity)) is not { } pipe)
        {
            return;
        }

        if (Capacity is int requested && pipe.Refusal is var errno and not Errno.None)
        {
            WriteWarning($"The pipe has a capacity of {ByteSize.Format(pipe.Capacity)} instead of {ByteSize.Format(requested)}: the kernel limits this user ({errno}). Close unused pipes, or raise /proc/sys/fs/pipe-max-size or pipe-user-pages-soft.");
        }

        WriteObject(pipe);
    }
}
