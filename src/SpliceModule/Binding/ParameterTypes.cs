using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Management.Automation;

namespace Splice;

/// <summary>A parameter's enumeration value. PowerShell itself completes a parameter of the enumeration's own type, with names
/// alone; this one converts from the same values.</summary>
/// <typeparam name="TEnum">The enumeration.</typeparam>
/// <param name="Value">The value.</param>
[TypeConverter(typeof(EnumValueConverter))]
public readonly record struct EnumValue<TEnum>(TEnum Value)
    where TEnum : struct, Enum
{
    /// <summary>Wraps a value.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator EnumValue<TEnum>(TEnum value) => new(value);

    /// <summary>Unwraps the value.</summary>
    /// <param name="value">The wrapped value.</param>
    public static implicit operator TEnum(EnumValue<TEnum> value) => value.Value;

    /// <summary>Returns the value's name.</summary>
    /// <returns>For example "Reflink".</returns>
    public override string ToString() => Value.ToString();
}

/// <summary>Converts to an <see cref="EnumValue{TEnum}"/> all that PowerShell converts to the enumeration.</summary>
internal sealed class EnumValueConverter : PSTypeConverter
{
    public override bool CanConvertFrom(object sourceValue, Type destinationType) => true;

    public override object ConvertFrom(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase)
    {
        try
        {
            object value = LanguagePrimitives.ConvertTo(sourceValue, destinationType.GenericTypeArguments[0], formatProvider);
            return Activator.CreateInstance(destinationType, value)!;
        }
        catch (PSInvalidCastException exception) when (exception.InnerException is { } reason)
        {
            // PowerShell repeats the text around it.
            throw new PSInvalidCastException(reason.Message, exception);
        }
    }

    public override bool CanConvertTo(object sourceValue, Type destinationType) => false;

    public override object ConvertTo(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase) =>
        throw new NotSupportedException();
}

internal static class ParameterValues
{
    /// <summary>Returns the object that PowerShell has wrapped.</summary>
    public static object? Unwrap(this object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    /// <summary>Combines flags that are given one by one, or several in one.</summary>
    public static SpliceFlags Combine(this EnumValue<SpliceFlags>[] flags)
    {
        var all = SpliceFlags.None;
        foreach (EnumValue<SpliceFlags> flag in flags)
        {
            all |= flag.Value;
        }

        return all;
    }
}

/// <summary>A path, and how it is to be read.</summary>
/// <param name="IsLiteral">True if wildcard characters in it stand for themselves.</param>
/// <param name="IsFull">True if it is the full path of a file, which PowerShell need not resolve.</param>
internal sealed record PathArgument(string Text, bool IsLiteral, bool IsFull = false)
{
    // No path has a NUL.
    private const string LiteralMark = "\0literal\0";
    private const string FileSystemPrefix = @"Microsoft.PowerShell.Core\FileSystem::";

    public static PathArgument Parse(string argument)
    {
        if (!argument.StartsWith(LiteralMark, StringComparison.Ordinal))
        {
            return new PathArgument(argument, IsLiteral: false);
        }

        string path = argument[LiteralMark.Length..];
        path = path.StartsWith($"{FileSystemPrefix}/", StringComparison.Ordinal) ? path[FileSystemPrefix.Length..] : path;
        return new PathArgument(path, IsLiteral: true, IsFull: path.StartsWith('/'));
    }

    /// <summary>Returns the argument for a full or PowerShell path of an item.</summary>
    public static string Literal(string path) => LiteralMark + path;
}

/// <summary>Takes files, and other objects with a path, literally. Their text would be a pattern.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class LiteralItemsAttribute : ArgumentTransformationAttribute
{
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData) => inputData.Unwrap() is IList items
        ? items.Cast<object?>().Select(TransformItem).ToArray()
        : TransformItem(inputData);

    // A line of Get-Content has the path of the file that it is from.
    private static object? TransformItem(object? item) => item.Unwrap() switch
    {
        string or null => item,
        FileSystemInfo file => PathArgument.Literal(file.FullName),
        _ => PSObject.AsPSObject(item!).Properties["PSPath"]?.Value is string path ? PathArgument.Literal(path) : item,
    };
}

/// <summary>Converts a plain number to seconds, where PowerShell converts 5 to 500 nanoseconds and '5' to 5 days.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecondsAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? value = inputData.Unwrap();
        TimeSpan? time = value switch
        {
            TimeSpan span => span,
            string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) =>
                FromSeconds(seconds),
            string text => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan span) ? span : null,
            int or long or short or byte or sbyte or ushort or uint or ulong or double or float or decimal =>
                FromSeconds(Convert.ToDouble(value, CultureInfo.InvariantCulture)),
            _ => null,
        };
        return time >= TimeSpan.Zero ? time : throw new ArgumentTransformationMetadataException(
            $"'{value}' is not a duration. Specify seconds, 0 or more, or a TimeSpan.");
    }

    private static TimeSpan? FromSeconds(double seconds) =>
        seconds >= 0 && seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
}

/// <summary>Checks a port. A blank string, as in a column of a CSV file, is null.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PortAttribute : ArgumentTransformationAttribute
{
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData) => inputData.Unwrap() switch
    {
        null => null,
        string text when string.IsNullOrWhiteSpace(text) => null,
        var value when LanguagePrimitives.TryConvertTo(value, CultureInfo.InvariantCulture, out int port) && port is >= 1 and <= ushort.MaxValue => port,
        var value => throw new ArgumentTransformationMetadataException($"'{value}' is not a port. Specify a number from 1 to 65535."),
    };
}
