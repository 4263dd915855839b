using Xunit;

namespace Splice.TestKit;

/// <summary>The emulator of another processor that the tests run under, if they do (tests/Pester/Arm64.Tests.ps1).</summary>
internal static class Emulator
{
    public static bool IsUsed { get; } = Environment.GetEnvironmentVariable("SPLICE_TEST_EMULATED") == "1";

    /// <summary>Skips the test under an emulator.</summary>
    public static void Skip(string reason) => Assert.SkipWhen(IsUsed, $"under an emulator {reason}");
}
