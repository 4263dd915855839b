using Xunit;

namespace Splice.TestKit.Trees;

/// <summary>Whether a read leaves a time behind.</summary>
internal static class AccessTimes
{
    /// <summary>Skips the test where none is kept.</summary>
    public static void Require(string path)
    {
        Command.Require("findmnt");
        string[] options = Command.Check("findmnt", "--noheadings", "--output", "OPTIONS", "--target", path).Split(',');
        Assert.SkipWhen(options.Contains("noatime"), $"{path} is mounted with noatime");
    }
}
