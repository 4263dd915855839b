namespace Splice;

/// <summary>What a measurement knows of whoever started it.</summary>
/// <param name="Progress">Called between the runs, never in one, on the measurement's own thread; may be null.</param>
/// <param name="Cancellation">Stops the measurement.</param>
public sealed record MeasurementMonitor(Action<MeasurementProgress>? Progress = null, CancellationToken Cancellation = default);
