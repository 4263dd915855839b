namespace Splice.Streaming.Remote;

/// <summary>How the scripts on the host end.</summary>
internal enum RemoteExit
{
    Incomplete = 80,
    NoFolder = 81,
    Exists = 82,
    NoRegularFile = 83,
    Denied = 84,
    Changed = 85,
    NotWritten = 86,
    Different = 87,
    NoTool = 88,
    NoFile = 89,
    IsFolder = 90,
    Busy = 91,
    NotAll = 92,
    Generated = 93,
    SameFile = 94,

    /// <summary>ssh could not connect, or lost the connection.</summary>
    Ssh = 255,
}
