using System.Management.Automation;

namespace Splice.Binding;

/// <summary>Makes an <see cref="EnumValue{TEnum}"/> of all that PowerShell converts to the enumeration.</summary>
internal sealed class EnumValueConverter : PSTypeConverter
{
    /// <inheritdoc />
    public override bool CanConvertFrom(object sourceValue, Type destinationType) => true;

    /// <inheritdoc />
    public override object ConvertFrom(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase)
    {
        try
        {
            object value = LanguagePrimitives.ConvertTo(sourceValue, destinationType.GenericTypeArguments[0], formatProvider);
            return Activator.CreateInstance(destinationType, value)!;
        }
        catch (PSInvalidCastException exception) when (exception.InnerException is { } reason)
        {
            // What is around it, PowerShell says once more.
            throw new PSInvalidCastException(reason.Message, exception);
        }
    }

    /// <inheritdoc />
    public override bool CanConvertTo(object sourceValue, Type destinationType) => false;

    /// <inheritdoc />
    public override object ConvertTo(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase) =>
        throw new NotSupportedException();
}

/// <summary>Flags that came one by one, or several in one.</summary>
internal static class FlagValues
{
    /// <summary>All of them.</summary>
    public static SpliceFlags Combine(this EnumValue<SpliceFlags>[] flags) =>
        flags.Aggregate(SpliceFlags.None, (all, flag) => all | flag.Value);
}
