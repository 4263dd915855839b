using System.ComponentModel;
using Splice.Binding;

namespace Splice;

/// <summary>A value of an enumeration as a parameter takes it: of all that PowerShell converts to the enumeration. A
/// parameter of the enumeration's own type is completed by PowerShell itself, with names alone.</summary>
/// <typeparam name="TEnum">The enumeration.</typeparam>
/// <param name="Value">The value.</param>
[TypeConverter(typeof(EnumValueConverter))]
public readonly record struct EnumValue<TEnum>(TEnum Value)
    where TEnum : struct, Enum
{
    /// <summary>Takes a value.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator EnumValue<TEnum>(TEnum value) => new(value);

    /// <summary>Gives the value.</summary>
    /// <param name="value">What holds it.</param>
    public static implicit operator TEnum(EnumValue<TEnum> value) => value.Value;

    /// <summary>The value's name.</summary>
    /// <returns>For example "Reflink".</returns>
    public override string ToString() => Value.ToString();
}
