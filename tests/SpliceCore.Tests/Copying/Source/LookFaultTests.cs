using System.Globalization;
using Xunit;

namespace Splice.Tests.Copying.Source;

/// <summary>Whichever look at a file fails (statx(2)): an error means that the destination is as before.</summary>
public sealed class LookFaultTests : IDisposable
{
    private const int MostLooks = 40;

    private readonly Workspace _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_copy_that_failed_has_not_replaced_anything(bool isThere)
    {
        Command.Require("strace");
        _folder.WriteRandom("source", 5000);
        string[] old = isThere ? ["old"] : [];
        int failed = 0;
        int look = 1;
        for (bool isInjected = true; isInjected; look++)
        {
            Assert.True(look < MostLooks, "the copy does not end");
            old.ToList().ForEach(content => File.WriteAllText(_folder["copy"], content));

            // Several sources of one command would be told apart.
            var request = new CopyRequest { Source = _folder["source"], Destination = _folder["copy"], CreatedFiles = new CreatedFiles() };
            HostAnswer answer = HostedCopy.Run(
                request, "strace", "-f", "-qq", "-o", _folder["trace"], "-e", "trace=statx",
                "-e", string.Create(CultureInfo.InvariantCulture, $"inject=statx:error=EIO:when={look}"));

            isInjected = File.ReadLines(_folder["trace"]).Any(line => line.EndsWith("(INJECTED)", StringComparison.Ordinal));
            if (answer.Succeeded)
            {
                Files.AssertSameBytes(_folder["source"], _folder["copy"]);
            }
            else
            {
                failed++;
                string[] now = File.Exists(_folder["copy"]) ? [File.ReadAllText(_folder["copy"])] : [];
                Assert.True(old.SequenceEqual(now), $"look {look} failed, and the destination is another: {answer.Message}");
            }

            File.Delete(_folder["copy"]);
        }

        Assert.InRange(failed, 2, look);
    }
}
