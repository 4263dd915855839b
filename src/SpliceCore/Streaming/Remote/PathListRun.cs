using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Splice.Descriptors;
using Splice.Streaming.Remote.Trees;

namespace Splice.Streaming.Remote;

/// <summary>Lists the paths on a host that match wildcards.</summary>
internal sealed class PathListRun(ReceiveRequest request, RemoteHost host, IReadOnlyList<string> paths, CancellationToken cancellation)
    : ReceiveRun(request, host, request.DestinationOf(host), new ReceiveProgress(host.Text), cancellation)
{
    private const int MaxLength = 64 << 20;
    private const byte Found = (byte)'+';
    private const byte Missing = (byte)'-';
    private const byte End = (byte)'=';

    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<Regex> _patterns = [.. paths.Select(path => new Regex(ToRegex(Latin1(path)), RegexOptions.Singleline | RegexOptions.CultureInvariant, MatchTimeout))];
    private readonly List<string> _found = [];
    private bool _hasBegun;

    /// <summary>The paths found, in the order of the patterns.</summary>
    public IReadOnlyList<string> Paths => _found;

    /// <summary>Errors for patterns that match nothing, and for names that are not text.</summary>
    public List<TransferException> Errors { get; } = [];

    private protected override bool HasBegun => _hasBegun;

    private protected override bool IsTree => true;

    /// <summary>True if a path has characters that the shell of a host expands.</summary>
    public static bool HasWildcards(string path) => path.AsSpan().ContainsAny("*?[");

    private protected override bool Receive()
    {
        SshSession session = Start("list-paths.sh", HostScript.Paths, _ => _hasBegun = true, [paths.Count.ToString(CultureInfo.InvariantCulture), .. paths]);
        using (var stream = new SessionStream(session, Request.IdleTimeout, Cancellation))
        {
            bool hasEnd = false;
            List<byte> entry = [];
            byte[] buffer = new byte[Tuning.TarFileInMemory];
            long length = 0;
            for (int count; (count = stream.Read(buffer)) > 0; length += count)
            {
                if (length > MaxLength)
                {
                    throw RemoteFailure.TooMuchText(Host.Text);
                }

                foreach (byte one in buffer.AsSpan(0, count))
                {
                    if (one != 0)
                    {
                        entry.Add(one);
                        continue;
                    }

                    hasEnd = entry is [End];
                    Add([.. entry]);
                    entry.Clear();
                }
            }

            TransferException ended = Ended(session);
            if (!hasEnd || session.ExitCode != 0)
            {
                throw ended;
            }
        }

        return false;
    }

    private protected override RemoteTransferResult Result() => RemoteTransferResult.From(Host, Request, Session) with { FileCount = 0 };

    private void Add(byte[] entry)
    {
        if (entry is [Missing, .. byte[] pattern])
        {
            Errors.Add(RemoteFailure.NoMatch(RemoteFailure.Shown(Encoding.UTF8.GetString(pattern)), Host.Text));
        }
        else if (entry is [Found, .. byte[] path])
        {
            // A host could name any file, to replace one here.
            if (!_patterns.Exists(wanted => wanted.IsMatch(Encoding.Latin1.GetString(path))))
            {
                throw RemoteFailure.NotRequested(RemoteFailure.Shown(Encoding.UTF8.GetString(path)), Host.Text);
            }

            try
            {
                _found.Add(StrictUtf8.GetString(path));
            }
            catch (DecoderFallbackException)
            {
                Errors.Add(RemoteFailure.NotText(RemoteFailure.Shown(Encoding.UTF8.GetString(path)), Host.Text));
            }
        }
    }

    /// <summary>Each character stands for a byte of UTF-8, as in the C locale of the host.</summary>
    private static string Latin1(string path) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(path));

    /// <summary>Translates a pattern of the shell, or the path itself.</summary>
    private static string ToRegex(string pattern)
    {
        var regex = new StringBuilder($"\\A(?:{Regex.Escape(pattern)}|");
        for (int i = 0; i < pattern.Length; i++)
        {
            bool isFirst = i == 0 || pattern[i - 1] == '/';
            if (isFirst && pattern[i..].Split('/')[0] is not ("." or ".."))
            {
                // Not every shell leaves these out.
                regex.Append("(?!\\.\\.?(?:/|\\z))");
            }

            string notHidden = isFirst ? "(?!\\.)" : string.Empty;
            int close = pattern[i] == '[' ? pattern.IndexOf(']', Math.Min(pattern.Length, i + (pattern.AsSpan(i + 1) is ['!' or '^', ..] ? 3 : 2))) : -1;
            if (close > 0)
            {
                // What the brackets allow is left to the host, but for the separator.
                regex.Append(notHidden).Append("[^/]");
                i = close;
                continue;
            }

            regex.Append(pattern[i] switch
            {
                '*' => $"{notHidden}[^/]*",
                '?' => $"{notHidden}[^/]",
                '\\' when i + 1 < pattern.Length => Regex.Escape(pattern[++i].ToString()),
                char other => Regex.Escape(other.ToString()),
            });
        }

        return regex.Append(")\\z").ToString();
    }
}
