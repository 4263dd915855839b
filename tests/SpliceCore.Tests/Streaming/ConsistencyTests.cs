using Splice.Interop;
using Xunit;

namespace Splice.Tests.Streaming;

/// <summary>A source file that is written to while its bytes wait in a pipe or socket.</summary>
public sealed class ConsistencyTests : IDisposable
{
    private const int Size = 40_000;

    private readonly Workspace _workspace = new();
    private readonly byte[] _before = Workspace.RandomBytes(Size, seed: 1);
    private readonly byte[] _after = Workspace.RandomBytes(Size, seed: 2);

    public static MatrixTheoryData<ChannelKind, int> Cases => new(Enum.GetValues<ChannelKind>(), [1, 2, 5]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Copied_bytes_are_those_of_the_move(ChannelKind kind, int count)
    {
        foreach (byte[] received in Receive(kind, count, StreamConsistency.Copy))
        {
            Assert.True(received.AsSpan().SequenceEqual(_before));
        }
    }

    /// <summary>Whether pages are shared is the kernel's to choose; a byte is one of the two in any case.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Referenced_bytes_are_the_old_or_the_new(ChannelKind kind, int count)
    {
        foreach (byte[] received in Receive(kind, count, StreamConsistency.Reference))
        {
            Assert.Equal(Size, received.Length);
            Assert.DoesNotContain(Enumerable.Range(0, Size), index => received[index] != _before[index] && received[index] != _after[index]);
        }
    }

    [Fact]
    public void Copied_bytes_are_nobodys_even_where_they_came_through_a_pipe()
    {
        using var file = Posix.OpenWrite(_workspace.Write("source", _before));
        using Channel holding = Channel.Pipe();
        using Channel reading = Channel.Pipe();
        Assert.Equal(Size, LibC.Splice(file, 0, holding.Input, null, Size, SpliceFlags.None).Value);
        Assert.Null(Streams.Run(Streams.Request(holding.Output, reading.Input) with { Count = Size, Consistency = StreamConsistency.Copy })[0].Error);
        LibC.Write(file, _after, 0);
        Assert.True(reading.ReceiveRest().AsSpan().SequenceEqual(_before));
    }

    public void Dispose() => _workspace.Dispose();

    private List<byte[]> Receive(ChannelKind kind, int count, StreamConsistency consistency)
    {
        using var file = Posix.OpenWrite(_workspace.Write("source", _before));
        Channel[] channels = [.. Enumerable.Range(0, count).Select(_ => Channel.Open(kind, _workspace))];
        try
        {
            IReadOnlyList<StreamOutcome> outcomes = Streams.Run(
                Streams.Request(file, [.. channels.Select(channel => channel.Input)]) with { Consistency = consistency });
            Assert.All(outcomes, outcome => Assert.Null(outcome.Error));
            Assert.Equal(Size, LibC.Write(file, _after, 0).Value);
            return [.. channels.Select(channel => channel.ReceiveRest())];
        }
        finally
        {
            Array.ForEach(channels, channel => channel.Dispose());
        }
    }
}
