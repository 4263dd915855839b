namespace Splice.Streaming.Remote.Trees;

/// <summary>What the library takes for a file's content: it has the length that goes into the header, and no bytes. They go
/// behind the header by another way.</summary>
internal sealed class AnnouncedContent(long length) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get; set; }

    public override void CopyTo(Stream destination, int bufferSize)
    {
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => 0;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
