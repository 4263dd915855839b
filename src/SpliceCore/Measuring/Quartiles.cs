namespace Splice.Measuring;

/// <summary>What cuts numbers, put in order, into four parts with as many in each.</summary>
/// <param name="First">A quarter of the numbers is below.</param>
/// <param name="Median">Half of them is below.</param>
/// <param name="Third">Three quarters are below.</param>
internal readonly record struct Quartiles(double First, double Median, double Third)
{
    /// <summary>Between two numbers the straight line tells, as in R and NumPy where nothing else is said.</summary>
    /// <param name="numbers">One or more, in any order.</param>
    public static Quartiles Of(IEnumerable<double> numbers)
    {
        double[] ordered = [.. numbers.Order()];
        return new Quartiles(At(ordered, 0.25), At(ordered, 0.5), At(ordered, 0.75));
    }

    private static double At(double[] ordered, double part)
    {
        double place = (ordered.Length - 1) * part;
        int below = (int)place;
        int above = Math.Min(below + 1, ordered.Length - 1);
        return ordered[below] + ((ordered[above] - ordered[below]) * (place - below));
    }
}

/// <summary>One run of a method.</summary>
/// <param name="Elapsed">The time that it took.</param>
/// <param name="Processor">The processor time of its thread, user and system.</param>
/// <param name="SystemCalls">The system calls that it made; null where nobody counts them.</param>
internal readonly record struct Sample(TimeSpan Elapsed, TimeSpan Processor, long? SystemCalls);
