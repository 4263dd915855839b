using System.Management.Automation;

namespace Splice.Progress;

/// <summary>Tells with -Verbose what was decided, and with -Debug which system calls were made.</summary>
internal sealed class JournalWriter(PSCmdlet command)
{
    private bool? _tellsDecisions;
    private bool? _tellsCalls;

    /// <summary>With -Debug alone PowerShell asks a question after each verbose message.</summary>
    private bool TellsDecisions => _tellsDecisions ??= IsWanted("Verbose") && (IsGiven("Verbose") || !IsGiven("Debug"));

    private bool IsKept => TellsDecisions || TellsCalls;

    private bool TellsCalls => _tellsCalls ??= IsWanted("Debug");

    /// <summary>Does some work, and tells what was written into its journal, also where the work fails.</summary>
    /// <param name="what">What the work is called before its system calls.</param>
    /// <param name="work">The work.</param>
    public T Keep<T>(string what, Func<T> work)
    {
        if (!IsKept)
        {
            return work();
        }

        var journal = new TransferJournal(TellsCalls);
        T result;
        try
        {
            result = journal.Follow(work);
        }
        catch (TransferException)
        {
            Write(what, journal);
            throw;
        }

        Write(what, journal);
        return result;
    }

    /// <summary>Does what starts work whose journals are written later.</summary>
    /// <param name="work">The work.</param>
    public T Begin<T>(Func<T> work) => IsKept ? new TransferJournal(TellsCalls).Follow(work) : work();

    /// <summary>Tells a decision at once.</summary>
    /// <param name="decision">The decision.</param>
    public void Tell(string decision)
    {
        if (TellsDecisions)
        {
            command.WriteVerbose(decision);
        }
    }

    /// <summary>Tells what is in a journal.</summary>
    /// <param name="what">What the work is called before its system calls.</param>
    /// <param name="journal">The journal; null where there was none.</param>
    public void Write(string what, TransferJournal? journal)
    {
        foreach (string decision in journal is null || !TellsDecisions || command.Stopping ? [] : journal.Decisions)
        {
            command.WriteVerbose(decision);
        }

        foreach (SystemCallSum sum in journal is null || command.Stopping ? [] : journal.SystemCalls)
        {
            command.WriteDebug($"{what}: {sum}");
        }
    }

    private bool IsGiven(string stream) => command.MyInvocation.BoundParameters.ContainsKey(stream);

    /// <summary>True if a stream goes anywhere: by the switch of the command, or by the preference around it.</summary>
    private bool IsWanted(string stream) =>
        command.MyInvocation.BoundParameters.TryGetValue(stream, out object? given) ? LanguagePrimitives.IsTrue(given)
            : LanguagePrimitives.TryConvertTo(command.GetVariableValue($"{stream}Preference"), out ActionPreference preference)
                && preference is not (ActionPreference.SilentlyContinue or ActionPreference.Ignore);
}
