using System.Globalization;
using System.Management.Automation;

namespace Splice.Binding;

/// <summary>Takes a plain number for seconds, where PowerShell would take 5 for 500 nanoseconds and '5' for 5 days.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecondsAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc />
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
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
            $"'{value}' is no time to wait. Give seconds, 0 or more, or a TimeSpan.");
    }

    private static TimeSpan? FromSeconds(double seconds) =>
        seconds >= 0 && seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
}
