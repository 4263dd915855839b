using System.Reflection;
using Xunit.v3;

[assembly: Splice.TestKit.RunningTests]

namespace Splice.TestKit;

/// <summary>Keeps a file for each test that runs, in the folder that SPLICE_TEST_RUNNING names: after a run that had to be ended, the
/// folder has those that hang.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class RunningTestsAttribute : BeforeAfterTestAttribute
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("SPLICE_TEST_RUNNING");

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (Folder is not null)
        {
            File.WriteAllText(FileOf(test), $"{DateTime.UtcNow:u} {test.TestDisplayName}{Environment.NewLine}");
        }
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (Folder is not null)
        {
            File.Delete(FileOf(test));
        }
    }

    private static string FileOf(IXunitTest test) => Path.Combine(Folder!, test.UniqueID);
}
