using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace Splice.Fuzz;

/// <summary>A call of a cmdlet with random parameters.</summary>
public sealed class FuzzCall
{
    private static readonly string[] Endless = ["/dev/zero", "/dev/full"];
    private static readonly string[] Readers = ["cat", "wc", "sort", "head"];

    private FuzzCall(CmdletInfo cmdlet) => Cmdlet = cmdlet;

    public CmdletInfo Cmdlet { get; }

    public Dictionary<string, object?> Parameters { get; } = [];

    /// <summary>Pipeline input; null without a pipeline.</summary>
    public List<object?>? Input { get; private set; }

    /// <summary>Chooses a cmdlet and parameters of one of its sets.</summary>
    public static FuzzCall Make(Random random, FuzzValues values, IReadOnlyList<CmdletInfo> cmdlets)
    {
        var call = new FuzzCall(cmdlets[random.Next(cmdlets.Count)]);
        CommandParameterSetInfo set = call.Cmdlet.ParameterSets[random.Next(call.Cmdlet.ParameterSets.Count)];
        CommandParameterInfo[] parameters = [.. set.Parameters.Where(parameter => !System.Management.Automation.Cmdlet.CommonParameters.Contains(parameter.Name))];

        // 7 of 40 optional parameters are given; more where a cmdlet has only a few.
        int optional = Math.Max(7, 40 / (1 + parameters.Count(parameter => !parameter.IsMandatory)));
        foreach (CommandParameterInfo parameter in parameters)
        {
            if (random.Next(40) >= (parameter.IsMandatory ? 39 : optional))
            {
                continue;
            }

            bool isRead = parameter.Name == "Source";
            object? value = values.For(call.Cmdlet.Parameters[parameter.Name], isRead);
            if (parameter.ValueFromPipeline && random.Next(4) == 0)
            {
                call.Input = [value, .. Enumerable.Range(0, random.Next(2)).Select(_ => values.For(call.Cmdlet.Parameters[parameter.Name], isRead))];
            }
            else
            {
                call.Parameters[parameter.Name] = value;
            }
        }

        call.Parameters.Remove("Confirm");
        if (random.Next(10) == 0)
        {
            call.Parameters["ErrorAction"] = (ActionPreference)random.Next(0, 3);
        }

        call.KeepShort(random);
        return call;
    }

    /// <summary>The call as a user might write it.</summary>
    public override string ToString() =>
        $"{(Input is null ? "" : $"{Show(Input)} | ")}{Cmdlet.Name} {string.Join(' ', Parameters.Select(p => $"-{p.Key}:{Show(p.Value)}"))}";

    private static string Show(object? value) => value switch
    {
        null => "$null",
        PSObject wrapped => $"[psobject]{Show(wrapped.BaseObject)}",
        string text => $"'{string.Concat(text.Length > 120 ? $"{text[..20]}... ({text.Length})" : text).Replace("\0", "`0", StringComparison.Ordinal)}'",
        ScriptBlock block => $"{{{block}}}",
        FileStream stream => $"FileStream({stream.Name})",
        IDictionary table => $"@{{{string.Join("; ", table.Keys.Cast<object>().Select(key => $"{Show(key)}={Show(table[key])}"))}}}",
        IEnumerable items => $"@({string.Join(", ", items.Cast<object?>().Select(Show))})",
        _ => $"{value.GetType().Name}({Convert.ToString(value, CultureInfo.InvariantCulture)})",
    };

    /// <summary>Removes what waits or runs for long by design: an endless source with a large count, an input that does not end.</summary>
    private void KeepShort(Random random)
    {
        // A wait for a handle has an end.
        if (Cmdlet.Parameters.ContainsKey("IdleTimeout") && !Parameters.ContainsKey("IdleTimeout"))
        {
            Parameters["IdleTimeout"] = 0.02;
        }

        if (Cmdlet.Name == "Measure-ZeroCopy")
        {
            Parameters.TryAdd("Size", 4096L);
            Parameters.TryAdd("Iterations", 1);
        }

        // The hosts are this machine: a tree that is sent to a full path could go into itself, partial copy included.
        string? there = Cmdlet.Name switch { "Send-ItemZeroCopy" => "Destination", "Receive-ItemZeroCopy" => "Path", _ => null };
        if (there is not null && Parameters.ContainsKey("Recurse")
            && Parameters.TryGetValue(there, out object? path) && $"{path}".StartsWith('/'))
        {
            Parameters[there] = "five";
        }

        if (Cmdlet.Name == "Move-ItemZeroCopy")
        {
            // It would take the devices of this machine away.
            foreach (string name in Parameters.Keys.Where(name => Flatten(Parameters[name]).Any(IsFullPath)).ToArray())
            {
                Parameters[name] = "five";
            }

            Input = Input?.Any(value => Flatten(value).Any(IsFullPath)) == true ? ["five"] : Input;
        }

        bool isEndless = Parameters.Values.Concat(Input ?? []).SelectMany(Flatten).Any(Endless.Contains);
        if (isEndless && Parameters.TryGetValue("Count", out object? count) && Flatten(count).Any(value => value is not long and not double and not decimal || Convert.ToDouble(value, CultureInfo.InvariantCulture) > 60_000))
        {
            Parameters["Count"] = 60_000L;
        }

        if (Cmdlet.Name == "Invoke-PipelineZeroCopy")
        {
            string block = Parameters.TryGetValue("ScriptBlock", out object? given) ? $"{given}" : string.Empty;
            bool reads = Readers.Any(reader => block.Contains(reader, StringComparison.Ordinal));
            if (isEndless || (reads && !Parameters.ContainsKey("InputPath")))
            {
                Parameters["InputPath"] = random.Next(2) == 0 ? "blocks" : "/dev/null";
            }
        }
    }

    private static bool IsFullPath(object? value) => $"{value}".StartsWith('/') && value is string;

    private static IEnumerable<object?> Flatten(object? value) => value switch
    {
        PSObject wrapped => Flatten(wrapped.BaseObject),
        object?[] items => items.SelectMany(Flatten),
        _ => [value],
    };
}
