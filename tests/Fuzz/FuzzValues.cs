using System.Collections;
using System.Management.Automation;

namespace Splice.Fuzz;

/// <summary>Values for parameters: valid ones, limits, and values of other types. None of them makes a call wait, run for long
/// or change anything outside of the sandbox.</summary>
/// <param name="random">Chooses them.</param>
/// <param name="sandbox">Has the files and handles.</param>
public sealed class FuzzValues(Random random, FuzzSandbox sandbox)
{
    private static readonly string[] Names =
    [
        "five", "none", "blocks", "large", "holes", "fixed", "link", "dead", "loop", "folder", "empty", "folder/inner/odd", "[a]*", "a b",
        "-rf", ".hidden", "new", "new.img", "folder/new", "empty/", "gone/new", "five/new", ".", "./", "..", "folder/.", "folder/../five",
        "*", "f*", "?", "[", "a[bc", "[z-a]*", "`", "`*", "\0", "a\0b", "\ud800", "a\nb", "\u001b[31m", "\u202e", "ä", "日本", " ", "\t", ":", "x:y",
        "nodrive:/x", "env:/PATH", "env:", "variable:x", "function:", "Microsoft.PowerShell.Core\\FileSystem::five", "no::five", "a\\b",
        "/dev/null", "/dev/full", "/dev/zero", "/proc/version", "/sys/kernel/notes",
        "{0}", "%s", "$(touch x)", "`touch x`", "'", "\"", "--", "-", "#", ";", "|", "&", "~x",
    ];

    private static readonly string[] Hosts =
    [
        "web1", "web2", "admin@web1", "web1:22", "root@web2:2222", "[::1]:22", "::1", "down", "garbage", "mute", "-oProxyCommand=x", "a b", "@",
        "a@", ":", "web1:", "web1:0", "web1:65536", "web1:x", "[::1", "[x]:1", "web[1-3]", "web[01,3-2]", "w[0-9][0-9]", "[1-99999999]", "w[", "we\nb", "we\0b", "$(x)", "..", "\ud800", "日本",
    ];

    private static readonly string[] Blocks =
    [
        "cat", "cat | cat", "cat | wc -c", "head -c 10", "sort | uniq | head -n 1", "true", "false", "sh -c 'exit 3'", "sh -c 'kill -9 $$'",
        "echo a $null @() @('b', 3) \"x$(1 + 1)\"", "echo >/dev/null", "cat 2>$null", "cat 2>&1", "echo a 2> err", "no-such-program", "./five", "cat | no-such",
        "", "$x", "& $x", "& cat", "1", "'a'", "cat; cat", "cat && cat", "cat &", "Get-Date", "cat | Get-Date", "if (1) { cat }", "echo @args", "echo $using:x",
        "echo (throw 'x')", "echo (1/0)", "echo @{a=1}", "echo \"`0\"", "echo \"`u{d800}\"", "echo --%  a b", "% { cat }",
    ];

    private static readonly long[] Numbers =
    [
        0, 0, 1, 4, 5, 6, 4095, 4096, 4097, 8192, 10_000, 49_999, 50_000, 50_001, 65_536, 1 << 20, 1L << 40, -1, -4096, int.MaxValue, uint.MaxValue,
        long.MaxValue, long.MaxValue - 1, long.MaxValue - 4095, long.MinValue,
    ];

    /// <summary>Returns a value for a parameter.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="isRead">Whether handles are read.</param>
    public object? For(ParameterMetadata parameter, bool isRead)
    {
        Type type = parameter.ParameterType;
        Type element = type.IsArray ? type.GetElementType()! : type;
        if (random.Next(30) == 0)
        {
            return Odd();
        }

        object? value = type.IsArray && random.Next(3) == 0
            ? Enumerable.Range(0, random.Next(4)).Select(_ => One(parameter, element, isRead)).ToArray()
            : One(parameter, element, isRead);
        return random.Next(10) == 0 && value is not null ? new PSObject(value) : value;
    }

    private object? One(ParameterMetadata parameter, Type type, bool isRead)
    {
        string name = parameter.Name;
        Type kind = Nullable.GetUnderlyingType(type) ?? type;
        return name switch
        {
            "HostName" => Any(Hosts),
            "UserName" => Any("root", "admin", "ä", "", "a b", "-l", "x\ny"),
            "Port" => Any<object>(22, 1, 65535, 0, 65536, -1, "x"),
            "Options" or "Environment" => Table(),
            "IdleTimeout" => Any<object>(0.02, "0.01", TimeSpan.FromMilliseconds(20), 0, -1, double.NaN, "x", double.MaxValue * -1),
            "ConnectingTimeout" => Any<object>(1, 0, 0.1, -1, "x", TimeSpan.MaxValue, double.MaxValue),
            "TimeTolerance" => Any<object>(0, 2, "3600", TimeSpan.FromHours(1), -1, "x", TimeSpan.MaxValue, double.MaxValue),
            "RetryInterval" => Any<object>(0, 0.001, "0", -1, "x"),
            "RetryCount" => Any(0, 1, 2, -1),
            "RateLimit" => Any(1L << 30, 1L << 40, long.MaxValue, 0, -1),
            "ThrottleLimit" => Any(1, 2, 8, 64, 1024, 0, -1, 1025),
            "Size" => Any<object>(1, 4096, 65_537, 0, -1, long.MaxValue, "1KB"),
            "Iterations" => Any(1, 2, 3, 0, -1),
            "MaximumRemoval" => Any(0, 1, 100, int.MaxValue, -1),
            "BlockSize" => Any(4096, 65_536, 1 << 20, 1, int.MaxValue, 0, -1),
            "PartSize" => Any(1000, 4096, 8192, 1L << 40, long.MaxValue, 0, -1),
            "PartCount" => Any(1, 2, 3, 7, 100, 100_001, int.MaxValue, 0, -1),
            "PipeSize" or "Capacity" => Any(1, 4096, 65_536, 65_537, 1 << 20, 1 << 26, int.MaxValue, 0, -1),
            "NameFormat" => Any("{0}.{1:D3}", "{1}", "{0}", "{", "{2}", "{1:X}", "a/b{1}", "\0{1}", "{1,200}", "{1,2000000}", "", "../x{1}"),
            "Include" or "Exclude" or "Filter" => Any("*", "f*", "?*", "five", "[", "[z-a]", "", "\0", "`", "*.log", "folder/", "!five", "/f*", "**/f*", "[`]"),
            "ScriptBlock" => ScriptBlock.Create(Any(Blocks)),
            "InputObject" => random.Next(2) == 0 ? new FileInfo($"{sandbox.Folder}/{Name()}".Replace('\0', 'x')) : new DirectoryInfo($"{sandbox.Folder}/folder"),
            _ when kind.IsEnum || kind.Name.StartsWith("EnumValue", StringComparison.Ordinal) => EnumValue(kind),
            _ when kind == typeof(SwitchParameter) => random.Next(8) != 0,
            _ when kind == typeof(string) => Path(),
            _ when kind.Name == "TransferHandle" => random.Next(TakesPaths(parameter) ? 2 : 20) == 0 ? Path() : sandbox.Handle(random, isRead),
            _ when kind == typeof(long) => Any(Numbers),
            _ => throw new NotSupportedException($"-{name} is of the type {type}, for which there are no values."),
        };
    }

    /// <summary>Reads the attribute by its name: this project does not reference the module.</summary>
    private static bool TakesPaths(ParameterMetadata parameter)
    {
        Attribute attribute = parameter.Attributes.Single(attribute => attribute.GetType().Name == "TransferHandleAttribute");
        return attribute.GetType().GetProperty("TakesPaths")!.GetValue(attribute) is true;
    }

    /// <summary>Returns a value that fits hardly any parameter.</summary>
    private object? Odd() => random.Next(16) switch
    {
        0 => null,
        1 => string.Empty,
        2 => Array.Empty<object>(),
        3 => new object?[] { null },
        4 => new object[] { 99_990, "five", 1.5 },
        5 => new Hashtable { ["a"] = 1 },
        6 => double.NaN,
        7 => ulong.MaxValue,
        8 => new DateTime(2026, 11, 22, 0, 0, 0, DateTimeKind.Utc),
        9 => ScriptBlock.Create("throw 'never run'"),
        10 => Guid.Empty,
        11 => new byte[] { 1, 2, 3 },
        12 => new string('n', random.Next(2) == 0 ? 256 : 5000),
        13 => new PSObject(),
        14 => new Version(1, 2),
        _ => -1.5m,
    };

    private object EnumValue(Type type) => random.Next(12) switch
    {
        _ when type.IsGenericType => EnumValue(type.GenericTypeArguments[0]),
        0 => random.Next(-2, 40),
        1 => Any("1", "x", "", " auto", "Move, More", "All"),
        _ => Any([.. Enum.GetValues(type).Cast<object>()]),
    };

    private Hashtable Table() => random.Next(4) switch
    {
        0 => [],
        1 => new Hashtable { ["Compression"] = true, ["LogLevel"] = "QUIET" },
        2 => new Hashtable { [Any<object>("A", "", "a=b", "a b", "\0", 1)] = Any<object?>("x", "", "a\nb", "\0", null, 1) },
        _ => new Hashtable { ["A"] = new object?[] { 1, null }, ["LANG"] = "C" },
    };

    private string Path() => random.Next(3) == 0 && Name() is var name && !System.IO.Path.IsPathRooted(name) ? $"{sandbox.Folder}/{name}" : Name();

    private string Name() => Any(Names);

    /// <summary>Returns one of the values, mostly of the first half, which has the valid ones.</summary>
    private T Any<T>(params T[] values) => values[random.Next(random.Next(4) == 0 ? values.Length : (values.Length + 1) / 2)];
}
