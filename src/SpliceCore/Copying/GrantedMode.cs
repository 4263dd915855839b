using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Which permission bits new files of a folder get when they are asked for: umask and the folder's default access
/// list take some. What a file was given need not be set again, which is one call less for each small file.</summary>
/// <remarks><see href="https://man7.org/linux/man-pages/man2/umask.2.html">umask(2)</see>,
/// <see href="https://man7.org/linux/man-pages/man5/acl.5.html">acl(5)</see>, object creation and default ACLs</remarks>
internal sealed class GrantedMode
{
    private int _granted;
    private int _refused;

    /// <summary>Looks at a new file that was opened with a mode, where it has bits of which nothing is known.</summary>
    public void Learn(SafeFileHandle file, uint mode)
    {
        bool isKnown = (mode & ~(uint)(_granted | _refused)) == 0;
        if (!isKnown && FileStatus.TryGet(file, out FileStatus? status).Ok)
        {
            Interlocked.Or(ref _granted, (int)(mode & status!.Permissions));
            Interlocked.Or(ref _refused, (int)(mode & ~status.Permissions));
        }
    }

    /// <summary>True if a new file that was opened with a mode has it.</summary>
    public bool Covers(uint mode) => (mode & ~(uint)_granted) == 0;
}

/// <summary>The bits that new files of this process do not get.</summary>
/// <remarks>umask(2) tells it only to who changes it, for all threads; proc_pid_status(5) just tells it.</remarks>
internal static class OwnUmask
{
    private const uint Usual = 0x12; // 022

    public static uint Value => ProcFile.ReadField("/proc/self/status", "Umask") is string octal ? Convert.ToUInt32(octal, fromBase: 8) : Usual;
}
