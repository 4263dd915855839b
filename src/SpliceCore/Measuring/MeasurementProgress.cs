namespace Splice;

/// <summary>How far a measurement is.</summary>
/// <param name="Method">What runs next; null while the test data are written.</param>
/// <param name="Round">Which round that is, from 1 on; 0 for the one that is not counted.</param>
/// <param name="Rounds">How many there are.</param>
/// <param name="BytesDone">The bytes that were written and copied by now.</param>
/// <param name="TotalBytes">The bytes that will be.</param>
/// <param name="Elapsed">The time since the measurement began.</param>
public readonly record struct MeasurementProgress(
    MeasuredMethod? Method, int Round, int Rounds, double BytesDone, double TotalBytes, TimeSpan Elapsed);
