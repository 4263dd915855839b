namespace Splice.Measuring.Page;

/// <summary>A bar of a chart.</summary>
/// <param name="Label">What it stands for.</param>
/// <param name="Kind">The class of its colour.</param>
/// <param name="Value">Its length; null where there is none.</param>
/// <param name="Low">Where the line for the spread begins; null for no line.</param>
/// <param name="High">Where it ends.</param>
/// <param name="Text">The value in words.</param>
/// <param name="Note">What is said beside it.</param>
internal sealed record Bar(
    string Label, string Kind, TimeSpan? Value, TimeSpan? Low, TimeSpan? High, string Text, string Note);
