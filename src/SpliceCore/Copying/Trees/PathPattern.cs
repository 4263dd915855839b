using System.Buffers;
using System.Text;

namespace Splice.Copying.Trees;

/// <summary>A wildcard pattern for paths of a tree. Without a slash, it is matched by names in any folder; with a leading or inner one, by
/// paths from the top of the tree; a trailing one matches folders only. As in PowerShell, * stands for any characters of a name, ? for
/// one, [a-z] for one of a set, and ` takes the meaning of the next; ** also stands for slashes.</summary>
internal sealed class PathPattern
{
    private readonly byte[] _literal;
    private readonly Shape _shape;
    private readonly Token[] _tokens;
    private volatile bool _hasMatched;

    private PathPattern(string text, Token[] tokens)
    {
        Text = text;
        _tokens = tokens;
        bool startsOpen = tokens is [{ Kind: TokenKind.Many }, ..];
        bool endsOpen = tokens is [_, .., { Kind: TokenKind.Many }];
        ReadOnlySpan<Token> middle = tokens.AsSpan()[(startsOpen ? 1 : 0)..^(endsOpen ? 1 : 0)];
        _shape = middle.ToArray().All(token => token.Kind == TokenKind.Character)
            ? (startsOpen, endsOpen) switch { (false, false) => Shape.Equal, (true, false) => Shape.End, (false, true) => Shape.Start, _ => Shape.Part }
            : Shape.Other;
        _literal = _shape == Shape.Other ? [] : Encoding.UTF8.GetBytes(string.Concat(middle.ToArray().Select(token => token.Character.ToString())));
    }

    private enum Shape
    {
        Other,
        Equal,
        Start,
        End,
        Part,
    }

    private enum TokenKind
    {
        Character,
        One,
        Set,
        Many,
        ManyWithSlashes,
        Folders, // **/: none, or some with their slashes
    }

    /// <summary>The pattern as it was given.</summary>
    public string Text { get; }

    public bool IsNegated { get; private init; }

    public bool IsFolderOnly { get; private init; }

    /// <summary>True if it is matched with paths, and not with names.</summary>
    public bool IsPath { get; private init; }

    /// <summary>True if anything has matched it.</summary>
    public bool HasMatched => _hasMatched;

    /// <summary>Parses a pattern.</summary>
    /// <exception cref="FormatException">A bracket is not closed.</exception>
    public static PathPattern Parse(string text)
    {
        string rest = text;
        bool isNegated = rest.StartsWith('!');
        rest = isNegated ? rest[1..] : rest;
        bool isFolderOnly = rest.EndsWith('/');
        rest = rest.TrimEnd('/');
        bool isPath = rest.Contains('/', StringComparison.Ordinal);
        return new PathPattern(text, Tokenize(rest.TrimStart('/'))) { IsNegated = isNegated, IsFolderOnly = isFolderOnly, IsPath = isPath };
    }

    /// <summary>True if an entry matches.</summary>
    /// <param name="folder">Path of its folder from the top of the tree, without a slash at either end.</param>
    public bool Matches(ReadOnlySpan<byte> folder, ReadOnlySpan<byte> name, bool isFolder)
    {
        if ((IsFolderOnly && !isFolder) || !(IsPath ? MatchesPath(folder, name) : MatchesText(name)))
        {
            return false;
        }

        if (!_hasMatched)
        {
            _hasMatched = true;
        }

        return true;
    }

    private static Token[] Tokenize(string text)
    {
        List<Token> tokens = [];
        Rune[] runes = [.. text.EnumerateRunes()];
        for (int i = 0; i < runes.Length; i++)
        {
            switch (runes[i].Value)
            {
                case '`' when i + 1 < runes.Length:
                    tokens.Add(new Token(TokenKind.Character, runes[++i]));
                    break;
                case '?':
                    tokens.Add(new Token(TokenKind.One));
                    break;
                case '[':
                    int end = i + 1;
                    while (end < runes.Length && runes[end].Value != ']')
                    {
                        end += runes[end].Value == '`' ? 2 : 1;
                    }

                    if (end >= runes.Length)
                    {
                        throw new FormatException("a [ has no ]");
                    }

                    tokens.Add(new Token(TokenKind.Set) { Ranges = [.. RangesOf(runes[(i + 1)..end])] });
                    i = end;
                    break;
                case '*' when i + 1 < runes.Length && runes[i + 1].Value == '*':
                    bool isFolders = i + 2 < runes.Length && runes[i + 2].Value == '/' && (i == 0 || runes[i - 1].Value == '/');
                    tokens.Add(new Token(isFolders ? TokenKind.Folders : TokenKind.ManyWithSlashes));
                    i += isFolders ? 2 : 1;
                    break;
                case '*':
                    tokens.Add(new Token(TokenKind.Many));
                    break;
                default:
                    tokens.Add(new Token(TokenKind.Character, runes[i]));
                    break;
            }
        }

        return [.. tokens];
    }

    private static IEnumerable<(int First, int Last)> RangesOf(Rune[] set)
    {
        for (int i = 0; i < set.Length; i++)
        {
            i += set[i].Value == '`' && i + 1 < set.Length ? 1 : 0;
            bool isRange = i + 2 < set.Length && set[i + 1].Value == '-';
            yield return (set[i].Value, set[isRange ? i + 2 : i].Value);
            i += isRange ? 2 : 0;
        }
    }

    private bool MatchesPath(ReadOnlySpan<byte> folder, ReadOnlySpan<byte> name)
    {
        int length = folder.IsEmpty ? name.Length : folder.Length + 1 + name.Length;
        byte[] path = ArrayPool<byte>.Shared.Rent(length);
        folder.CopyTo(path);
        path[length - name.Length - (folder.IsEmpty ? 0 : 1)] = (byte)'/';
        name.CopyTo(path.AsSpan(length - name.Length));
        bool matches = MatchesText(path.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(path);
        return matches;
    }

    private bool MatchesText(ReadOnlySpan<byte> text)
    {
        int extra = text.Length - _literal.Length;
        return _shape switch
        {
            Shape.Equal => text.SequenceEqual(_literal),

            // In a path, * ends at a slash.
            Shape.End => extra >= 0 && text[extra..].SequenceEqual(_literal) && HasNoSlash(text[..extra]),
            Shape.Start => extra >= 0 && text.StartsWith(_literal) && HasNoSlash(text[_literal.Length..]),
            Shape.Part when !IsPath => text.IndexOf(_literal) >= 0,
            _ => MatchesTokens(text),
        };
    }

    private bool HasNoSlash(ReadOnlySpan<byte> text) => !IsPath || !text.Contains((byte)'/');

    /// <summary>Goes back to the last token that stands for several characters, and to the last one that also stands for slashes, which
    /// takes over where the other one ends.</summary>
    private bool MatchesTokens(ReadOnlySpan<byte> text)
    {
        (int token, int at) = (0, 0);
        (int Token, int At) name = (-1, 0);
        (int Token, int At) path = (-1, 0);
        while (true)
        {
            if (token == _tokens.Length && at == text.Length)
            {
                return true;
            }

            if (token < _tokens.Length && _tokens[token].Kind == TokenKind.Many)
            {
                name = (++token, at);
            }
            else if (token < _tokens.Length && _tokens[token].Kind is TokenKind.ManyWithSlashes or TokenKind.Folders)
            {
                path = (++token, at);
                name = (-1, 0);
            }
            else if (token < _tokens.Length && TryTake(_tokens[token], text[at..], out int length))
            {
                at += length;
                token++;
            }
            else if (name.Token >= 0 && name.At < text.Length && text[name.At] != (byte)'/')
            {
                name.At += LengthOfFirst(text[name.At..]);
                (token, at) = name;
            }
            else if (path.Token >= 0 && NextStart(_tokens[path.Token - 1], text, path.At) is int next and >= 0)
            {
                path.At = next;
                name = (-1, 0);
                (token, at) = path;
            }
            else
            {
                return false;
            }
        }
    }

    /// <summary>Returns the next index at which the rest of the pattern can match; -1 if there is none.</summary>
    private static int NextStart(Token token, ReadOnlySpan<byte> text, int at)
    {
        if (token.Kind == TokenKind.ManyWithSlashes)
        {
            return at < text.Length ? at + LengthOfFirst(text[at..]) : -1;
        }

        int slash = text[at..].IndexOf((byte)'/');
        return slash < 0 ? -1 : at + slash + 1;
    }

    private static bool TryTake(Token token, ReadOnlySpan<byte> text, out int length)
    {
        length = 0;
        if (text.IsEmpty)
        {
            return false;
        }

        // A byte that is not UTF-8 is one character, U+FFFD.
        bool isText = Rune.DecodeFromUtf8(text, out Rune rune, out length) == OperationStatus.Done;
        return token.Kind switch
        {
            TokenKind.Character => isText && rune == token.Character,
            TokenKind.One => rune.Value != '/',
            _ => isText && rune.Value != '/' && Array.Exists(token.Ranges, range => rune.Value >= range.First && rune.Value <= range.Last),
        };
    }

    private static int LengthOfFirst(ReadOnlySpan<byte> text)
    {
        Rune.DecodeFromUtf8(text, out _, out int length);
        return length;
    }

    private readonly record struct Token(TokenKind Kind, Rune Character = default)
    {
        public (int First, int Last)[] Ranges { get; init; } = [];
    }
}
