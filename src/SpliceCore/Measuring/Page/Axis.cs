namespace Splice.Measuring.Page;

/// <summary>Round numbers from 0 to past the largest value.</summary>
internal sealed class Axis
{
    private const int MostSteps = 6;

    /// <param name="largest">The largest value, above 0.</param>
    public Axis(double largest)
    {
        double step = Math.Pow(10, Math.Floor(Math.Log10(largest / MostSteps)));
        Step = Array.Find([1.0, 2, 5, 10], factor => factor * step * MostSteps >= largest) * step;
        End = Math.Ceiling(largest / Step) * Step;
    }

    /// <summary>1, 2 or 5 times a power of ten.</summary>
    public double Step { get; }

    /// <summary>A multiple of the step.</summary>
    public double End { get; }

    /// <summary>All multiples of the step up to the end.</summary>
    public IEnumerable<double> Marks => Enumerable.Range(0, (int)Math.Round(End / Step) + 1).Select(index => index * Step);
}
