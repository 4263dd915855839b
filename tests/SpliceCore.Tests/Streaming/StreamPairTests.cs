using Xunit;

namespace Splice.Tests.Streaming;

/// <summary>From every kind of source to every kind of destination, to one and to many.</summary>
public sealed class StreamPairTests(ITestOutputHelper output) : IDisposable
{
    private const int Largest = 700_000;

    private static readonly StreamEndKind[] Sources = Enum.GetValues<StreamEndKind>();
    private static readonly StreamEndKind[] Destinations = [.. Sources.Where(kind => kind != StreamEndKind.Content)];

    private readonly Workspace _workspace = new();

    public static MatrixTheoryData<StreamEndKind, StreamEndKind, StreamConsistency> Pairs =>
        new(Sources, Destinations, Enum.GetValues<StreamConsistency>());

    public static MatrixTheoryData<StreamEndKind, StreamConsistency> EverySource => new(Sources, Enum.GetValues<StreamConsistency>());

    public static TheoryData<int> Counts => [.. Enumerable.Range(1, 16)];

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Every_pair(StreamEndKind from, StreamEndKind to, StreamConsistency consistency) =>
        Move(from, [to], consistency, FullRun.Seed(output));

    [Theory]
    [MemberData(nameof(EverySource))]
    public void To_all_kinds_at_once(StreamEndKind from, StreamConsistency consistency) =>
        Move(from, Destinations, consistency, FullRun.Seed(output));

    [Theory]
    [MemberData(nameof(Counts))]
    public void To_so_many(int count)
    {
        int seed = FullRun.Seed(output);
        var random = new Random(seed);
        StreamEndKind[] kinds = random.GetItems(Destinations, count);
        Move(random.GetItems(Sources, 1)[0], kinds, random.GetItems(Enum.GetValues<StreamConsistency>(), 1)[0], seed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_536)]
    public void Sizes_at_the_edges(int size)
    {
        foreach (StreamEndKind from in Sources.Where(kind => size > 0 || kind != StreamEndKind.Terminal))
        {
            Move(from, [StreamEndKind.Pipe, StreamEndKind.Path], StreamConsistency.Reference, seed: size + (int)from, size);
        }
    }

    public void Dispose() => _workspace.Dispose();

    private void Move(StreamEndKind from, StreamEndKind[] to, StreamConsistency consistency, int seed, int? size = null)
    {
        var random = new Random(seed);
        byte[] content = Workspace.RandomBytes(size ?? random.Next(Largest), seed);
        using var folder = new Workspace(_workspace.Folder);
        using var source = new FedSource(from, content, folder, seed);
        CollectingDestination[] destinations =
            [.. to.Select((kind, i) => new CollectingDestination(kind, content.Length, folder, unchecked(seed + i + 1)))];
        try
        {
            IReadOnlyList<StreamOutcome> outcomes = Streams.Run(new StreamRequest
            {
                Source = source.End,
                Destinations = [.. destinations.Select(destination => destination.End)],
                Count = source.Count,
                PipeSize = random.Next(1, 1 << 20),
                Consistency = consistency,
            });

            string hash = CollectingDestination.HashOf(content);
            for (int i = 0; i < to.Length; i++)
            {
                Assert.True(outcomes[i].Error is null, $"seed {seed}, {from} to {to[i]}: {outcomes[i].Error?.Message}");
                Assert.Equal(content.Length, outcomes[i].Result!.BytesCopied);
                Assert.True(hash == destinations[i].Hash(), $"seed {seed}: {from} to {to[i]}, number {i}");
            }
        }
        finally
        {
            Array.ForEach(destinations, destination => destination.Dispose());
        }
    }
}
