using Splice.Streaming.Processes;

namespace Splice;

/// <summary>Runs native commands with pipes of the kernel between them, as a shell does: nothing that they write passes through
/// this process, unless it is to be counted.</summary>
public static class NativePipeline
{
    /// <summary>Runs the commands to their end.</summary>
    /// <param name="request">The commands.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <returns>What they did.</returns>
    /// <exception cref="TransferException">A command could not be started or failed, or a path could not be read or written. No
    /// command runs any more, and an output file that was to be replaced is as before.</exception>
    public static PipelineResult Run(PipelineRequest request, PipelineMonitor monitor)
    {
        PipelineCheck.Check(request);
        try
        {
            using var run = new PipelineRun(request, monitor);
            return run.Run();
        }
        catch (OperationCanceledException)
        {
            string names = string.Join(" | ", request.Commands.Select(command => command.Name));
            throw new TransferException(TransferErrorId.Cancelled, $"'{names}' was stopped, and its commands were ended.", "Start it again.", Errno.ECANCELED, names);
        }
    }
}
