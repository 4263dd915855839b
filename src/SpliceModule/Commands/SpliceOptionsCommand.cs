using System.Management.Automation;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>What the cmdlets have in common that may call splice(2) as the user says.</summary>
public abstract class SpliceOptionsCommand : TransferCommand
{
    /// <summary>Flags for splice(2): Move, NonBlock, More, Gift.</summary>
    [Parameter]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(FlagsCompleter))]
    public EnumValue<SpliceFlags>[] Flags { get; set; } = [];

    /// <summary>The capacity in bytes to ask for where splice(2) needs a pipe of its own; 1 MiB where it is not
    /// given. The kernel rounds it up, and unprivileged users get no more than /proc/sys/fs/pipe-max-size.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? PipeSize { get; set; }
}
