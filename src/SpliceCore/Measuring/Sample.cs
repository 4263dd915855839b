namespace Splice.Measuring;

/// <summary>One run of a method.</summary>
/// <param name="Elapsed">The time that it took.</param>
/// <param name="Processor">The processor time of its thread, user and system.</param>
/// <param name="SystemCalls">The system calls that it made; null where nobody counts them.</param>
internal readonly record struct Sample(TimeSpan Elapsed, TimeSpan Processor, long? SystemCalls);
