namespace Splice.TestKit.Channels;

public enum StreamEndKind
{
    Path,
    File,
    Pipe,
    Fifo,
    UnixSocket,
    Tcp,
    Tcp6,
    Terminal,
    Content,
}
