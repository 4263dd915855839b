using System.Collections.ObjectModel;
using System.Runtime.CompilerServices;

namespace Splice.Transfer;

/// <summary>A read-only list that converts to the text of its items: PowerShell writes it so to CSV files.</summary>
[CollectionBuilder(typeof(TextList), nameof(TextList.Create))]
internal sealed class TextList<T> : ReadOnlyCollection<T>
{
    public static readonly new TextList<T> Empty = new([]);

    public TextList(T[] items)
        : base(items)
    {
    }

    public override string ToString() => string.Join("; ", this);
}

/// <summary>Makes lists.</summary>
internal static class TextList
{
    public static TextList<T> Create<T>(ReadOnlySpan<T> items) => items.IsEmpty ? TextList<T>.Empty : new([.. items]);

    public static TextList<T> From<T>(IReadOnlyList<T> items) => items as TextList<T> ?? (items.Count == 0 ? TextList<T>.Empty : new([.. items]));
}
