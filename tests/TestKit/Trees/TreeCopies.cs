using Xunit;

namespace Splice.TestKit.Trees;

/// <summary>Copies of trees.</summary>
internal static class TreeCopies
{
    public static TreeRequest Request(string source, string destination, PreserveAttributes preserve = PreserveAttributes.All) => new()
    {
        Copy = new CopyRequest { Source = source, Destination = destination, Preserve = preserve },
        AppliesToExistingFolders = true,
    };

    /// <summary>Copies a tree of which everything can be copied.</summary>
    public static TransferResult Copy(string source, string destination, PreserveAttributes preserve, int threads = 0) =>
        Copy(Request(source, destination, preserve) with { ThrottleLimit = threads });

    /// <summary>Copies a tree of which everything can be copied.</summary>
    public static TransferResult Copy(TreeRequest request)
    {
        (TransferResult result, List<TransferException> errors) = CopyWithErrors(request);
        Assert.True(errors.Count == 0, string.Join('\n', errors.Select(error => error.Message)));
        Assert.Empty(result.Warnings);
        return result;
    }

    /// <summary>Copies a tree of which something may fail; each failure has its error.</summary>
    public static (TransferResult Result, List<TransferException> Errors) CopyWithErrors(TreeRequest request)
    {
        List<TransferException> errors = [];
        TransferResult result = TreeCopy.Copy(request, new TreeMonitor(Failed: errors.Add));
        Assert.Equal(result.Failed, errors.Count);
        return (result, errors);
    }
}
