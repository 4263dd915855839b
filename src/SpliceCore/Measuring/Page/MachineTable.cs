using System.Text;
using static Splice.Measuring.Page.PageText;

namespace Splice.Measuring.Page;

/// <summary>What the numbers depend on, in a table.</summary>
internal static class MachineTable
{
    public static string Write(MeasurementReport report)
    {
        MeasuredMachine machine = report.Machine;
        var table = new StringBuilder("""<table class="machine"><tbody>""").AppendLine();
        Add(table, "Machine", machine.Name);
        Add(table, "Processors", $"{machine.ProcessorCount} × {machine.Processor ?? $"{machine.Architecture}"}");
        Add(table, "Memory", machine.Memory is long memory ? ByteSize.Format(memory, Culture) : null);
        Add(table, "Kernel", machine.KernelRelease is null ? null : $"Linux {machine.KernelRelease}");
        Add(table, "System", machine.System);
        Add(table, "Runtime", machine.Runtime);
        Add(table, "Test data in", Describe(report.Source));
        Add(table, "Copies in", Describe(report.Destination));
        Add(table, "Size", string.Create(Culture, $"{report.Size:N0} bytes"));
        Add(table, "Runs", string.Create(Culture, $"{report.Iterations} of each method, after one that does not count"));
        Add(table, "Date", report.Date.ToString("yyyy-MM-dd HH:mm:ss zzz", Culture));
        return table.Append("</tbody></table>").ToString();
    }

    private static void Add(StringBuilder table, string name, string? value)
    {
        if (value is not null)
        {
            table.AppendLine(Culture, $"""<tr><th scope="row">{name}</th><td class="text">{Escape(value)}</td></tr>""");
        }
    }

    private static string Describe(MeasuredFolder folder) => folder.FileSystem is null
        ? folder.Path
        : $"{folder.Path}, {folder.FileSystem} of {folder.Device} on {folder.MountPoint}";
}
