namespace Splice.Binding;

/// <summary>Flags that came one by one, or several in one.</summary>
internal static class FlagValues
{
    /// <summary>All of them.</summary>
    public static SpliceFlags Combine(this EnumValue<SpliceFlags>[] flags) =>
        flags.Aggregate(SpliceFlags.None, (all, flag) => all | flag.Value);
}
