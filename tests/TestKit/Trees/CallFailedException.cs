namespace Splice.TestKit.Trees;

/// <summary>A system call that a tree needed has failed.</summary>
internal sealed class CallFailedException(string call, Errno errno) : IOException($"{call}: {errno}")
{
    public Errno Errno => errno;
}
