namespace Splice.Transfer;

/// <summary>How a run of the loop ended.</summary>
internal enum LoopEnd
{
    /// <summary>All that was asked for has arrived.</summary>
    Done,

    /// <summary>The source ended first.</summary>
    EndOfData,

    /// <summary>The rest would have to be waited for, and the user does not want to wait.</summary>
    WouldBlock,

    /// <summary>Reflinks do not work here. What does is chosen extent by extent, so the caller goes on.</summary>
    Refused,
}
