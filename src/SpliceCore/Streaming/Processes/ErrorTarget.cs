namespace Splice;

/// <summary>Where a command's standard error goes.</summary>
public enum ErrorTarget
{
    /// <summary>Where the pipeline's goes.</summary>
    Pipeline = 0,

    /// <summary>Where its standard output goes (2>&amp;1).</summary>
    Output,

    /// <summary>To a file of its own (2>file).</summary>
    File,
}
