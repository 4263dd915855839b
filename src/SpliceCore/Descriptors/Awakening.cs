namespace Splice.Descriptors;

/// <summary>What ended a wait.</summary>
internal enum Awakening
{
    /// <summary>The descriptor is ready, or has an error or hang-up to tell.</summary>
    Ready,

    /// <summary>The descriptor that was watched meanwhile has an error or hang-up to tell.</summary>
    WatchedGone,

    /// <summary>Neither, for the longest time that there was.</summary>
    TimedOut,
}
