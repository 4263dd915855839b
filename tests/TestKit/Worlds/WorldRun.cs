namespace Splice.TestKit.Worlds;

/// <summary>Runs a world's command as Copy-ItemZeroCopy does, and looks after each source what has changed.</summary>
internal sealed class WorldRun : IDisposable
{
    private const TreeAspects Unchanged = TreeAspects.Mode | TreeAspects.Owner | TreeAspects.Attributes | TreeAspects.AccessLists;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly WorldFolder _folder;
    private readonly WorldCommand _command;
    private readonly MadeItems _made = new();
    private readonly CreatedFiles _created = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly CopyQueue? _queue;
    private readonly Dictionary<string, byte[]> _contents = [];
    private readonly List<string> _faults = [];
    private WorldState _now;

    public WorldRun(World world)
    {
        _folder = new WorldFolder(world);
        _command = world.Command;
        _queue = _command.Threads > 1 ? new CopyQueue(_command.Threads, _stop.Token) : null;
        _now = _folder.Look();
    }

    /// <summary>Items that were copied.</summary>
    public int Copied { get; private set; }

    /// <summary>Errors that were expected.</summary>
    public int Refused { get; private set; }

    /// <summary>Runs the command.</summary>
    /// <returns>What is wrong with what it did.</returns>
    public IReadOnlyList<string> Run()
    {
        bool writesInto = _command.Write != WriteMode.Replace;
        foreach (string name in _command.Sources.Where(_ => _command.Write == WriteMode.InPlace))
        {
            _created.AddSource(_folder.PathOf(name), isTree: _command.Recurse, followLinks: _command.FollowSymlink || !_command.Recurse);
        }

        var target = new CopyTarget(_folder.PathOf(_command.Destination), forSeveral: !writesInto && _command.Sources.Count > 1);
        foreach (string name in _command.Sources)
        {
            string source = _folder.PathOf(name);
            if (DestinationPreview.FindMissing(source, followLink: !_command.Recurse) is not null || target.Failure is not null || !target.IsFirst(source))
            {
                continue;
            }

            try
            {
                target.Make();
            }
            catch (TransferException)
            {
                Look();
                continue;
            }

            _now = _folder.Look();
            var plan = new CopyPlan(_now, _command, name, _made);
            if (!plan.Waits)
            {
                Copy(plan, source, target.Path);
            }

            if (_faults.Count > 0)
            {
                return [$"while '{name}' was copied:", .. _faults];
            }
        }

        return _faults;
    }

    public void Dispose()
    {
        _queue?.Dispose();
        _stop.Dispose();
        _folder.Dispose();
    }

    private WorldState Look()
    {
        WorldState before = _now;
        _now = _folder.Look();
        return before;
    }

    private void Copy(CopyPlan plan, string source, string destination)
    {
        foreach (string path in _now.Paths.Where(path => _now[path]!.Type == FileTypes.Regular && !_contents.ContainsKey(_now[path]!.Hash)))
        {
            _contents.Add(_now[path]!.Hash, File.ReadAllBytes(_now.Absolute(path)));
        }

        List<TransferException> errors = [];
        TransferException? thrown = null;
        _stop.CancelAfter(Patience);
        var request = new CopyRequest
        {
            Source = source,
            Destination = destination,
            NoClobber = _command.NoClobber,
            InPlace = _command.Write == WriteMode.InPlace,
            Append = _command.Write == WriteMode.Append,
            Preserve = _command.Kept,
            CreatedFiles = _created,
        };
        try
        {
            if (_command.Recurse)
            {
                TransferResult result = TreeCopy.Copy(
                    new TreeRequest
                    {
                        Copy = request,
                        FollowSymlink = _command.FollowSymlink,
                        ThrottleLimit = _command.Threads,
                        AppliesToExistingFolders = _command.Preserve is not null,
                    },
                    new TreeMonitor(Failed: errors.Add, Cancellation: _stop.Token));
                Expect(result.Failed == errors.Count, $"{result.Failed} failed, and {errors.Count} errors were reported");
            }
            else if (_queue is not null)
            {
                Expect(_queue.TryAdd(request), "it must wait for nothing");
                CopyOutcome? outcome = _queue.TryTake(Patience);
                Expect(outcome is not null, "it hangs");
                if (outcome?.Error is { } error)
                {
                    throw error;
                }
            }
            else
            {
                FileCopy.Copy(request, new TransferMonitor(Cancellation: _stop.Token));
            }
        }
        catch (TransferException exception)
        {
            thrown = exception;
            errors.Add(exception);
        }

        Expect(!_stop.IsCancellationRequested, "it hangs");
        Check(Look(), plan, errors, thrown);
    }

    private void Check(WorldState before, CopyPlan plan, List<TransferException> errors, TransferException? thrown)
    {
        string[] temporary = [.. _now.Paths.Where(path => path.Contains(".splice-", StringComparison.Ordinal))];
        Expect(temporary.Length == 0, $"temporary files are left: {string.Join(' ', temporary)}");
        Dictionary<string, PlannedCopy> copies = plan.Copies.ToDictionary(copy => copy.Target);
        var written = plan.Copies.Where(copy => _command.Write != WriteMode.Replace && before[copy.Target]?.Type == FileTypes.Regular)
            .Select(copy => before[copy.Target]!.Identity).ToList();
        foreach (string path in before.Paths.Union(_now.Paths))
        {
            bool isWritten = before[path] is { } old && written.Contains(old.Identity);
            if (!copies.ContainsKey(path) && !isWritten && !(plan.IsOverlapping && WorldState.IsIn(path, plan.Top)))
            {
                ExpectUnchanged(before, path, "outside the destination");
            }
        }

        CheckMade(before);
        CheckErrors(before, plan, errors, thrown);
        CheckCopies(before, plan, errors, thrown, written);
        CheckContents(before, plan, copies);
    }

    private void ExpectUnchanged(WorldState before, string path, string why)
    {
        (Trees.TreeEntry? old, Trees.TreeEntry? found) = (before[path], _now[path]);
        if (old is null || found is null)
        {
            Expect(old is null && found is null, $"{Short(path)} ({why}) {(old is null ? "was made" : "is gone")}");
            return;
        }

        bool isFolder = old.Type == FileTypes.Folder;
        string[] differences =
        [
            .. EntryComparison.Differences(old, found, isFolder ? Unchanged : Unchanged | TreeAspects.ModificationTime | TreeAspects.Nanoseconds),
            .. old.Identity == found.Identity ? Array.Empty<string>() : ["it is another file"],
        ];
        Expect(differences.Length == 0, $"{Short(path)} ({why}) has changed: {string.Join("; ", differences)}");
    }

    /// <summary>What the command has made of an earlier source stays as it was made, but for what is added to it.</summary>
    private void CheckMade(WorldState before)
    {
        foreach (string path in _made.Items.Keys.Where(_ => _command.Write != WriteMode.Append))
        {
            ExpectUnchanged(before, path, "made of an earlier source");
        }
    }

    private void CheckErrors(WorldState before, CopyPlan plan, List<TransferException> errors, TransferException? thrown)
    {
        if (plan.Refusal is not null)
        {
            Expect(thrown is not null, $"no error, although {plan.Refusal}");
            Refused++;
            return;
        }

        foreach (TransferException error in errors)
        {
            // A source that leads to a file that this command has made may be another file by now.
            bool isExpected = plan.IsOverlapping || plan.Copies.Any(
                copy => (copy.Reason is not null || IsMade(before.Real(copy.Source, follows: true))) && IsAbout(error, before, copy));
            Expect(isExpected, $"an error without a reason: {error.Id}: {error.Message} (target {error.Target})");
            Refused++;
        }
    }

    private bool IsMade(string? path) => path is not null && _made.Items.ContainsKey(path);

    private void CheckCopies(
        WorldState before, CopyPlan plan, List<TransferException> errors, TransferException? thrown, List<(uint, uint, ulong)> written)
    {
        var rules = new CopyRules(before, _command, _contents);
        ILookup<(uint, uint, ulong), PlannedCopy> names = plan.Copies
            .Where(copy => copy.Kind is PlannedKind.Content or PlannedKind.Node).ToLookup(copy => before[copy.Source]!.Identity);
        foreach (PlannedCopy copy in plan.Copies)
        {
            if (plan.IsOverlapping && (copy.Kind == PlannedKind.Refused || WorldState.IsIn(copy.Source, plan.Top)))
            {
                continue;
            }

            bool failed = thrown is not null || plan.Refusal is not null || errors.Any(error => IsAbout(error, before, copy));
            PlannedCopy[] others = [.. names[before[copy.Source]!.Identity].Where(other => other != copy)];
            bool isLinked = others.Length > 0 && before[copy.Source]!.Links.Length > 1 && _command.Kept.HasFlag(PreserveAttributes.HardLink);
            bool isShared = written.Count(file => file == before[copy.Target]?.Identity) > 1
                || written.Contains(before[copy.Source]!.Identity) || (isLinked && _command.Write != WriteMode.Replace);
            string[] differences = copy.Kind switch
            {
                PlannedKind.LeftOut or PlannedKind.Refused => [],
                PlannedKind.Folder when plan.IsOverlapping => [],
                _ => [.. rules.Differences(copy, _now[copy.Target], isLinked, isShared)],
            };
            bool isNothing = copy.Kind is PlannedKind.LeftOut or PlannedKind.Refused;
            if (isNothing || (failed && differences.Length > 0))
            {
                bool isMadeFolder = copy.Kind is PlannedKind.Folder or PlannedKind.Refused && before[copy.Target] is null && _now.IsFolder(copy.Target);
                if (!isMadeFolder && !isShared)
                {
                    ExpectUnchanged(before, copy.Target, "not copied");
                }

                Expect(copy.Kind != PlannedKind.Refused || failed, $"{Short(copy.Target)}: no error, although {copy.Reason}");
                continue;
            }

            Expect(differences.Length == 0, $"{Short(copy.Target)} is no copy of {Short(copy.Source)}: {string.Join("; ", differences)}");
            if (failed)
            {
                continue;
            }

            Copied++;
            if (copy.Kind != PlannedKind.Folder && _now[copy.Target] is { } made)
            {
                _made.Add(copy.Target, made);
                if (isLinked && !isShared)
                {
                    PlannedCopy[] done = [.. others.Where(other => !errors.Any(error => IsAbout(error, before, other)))];
                    Expect(done.All(other => _now[other.Target]?.Identity == made.Identity), $"{Short(copy.Target)} is not the same file as the copies of its other names");
                }
                else if (!isLinked && before[copy.Target]?.Identity != made.Identity)
                {
                    Expect(_now.Paths.Count(path => _now[path]!.Identity == made.Identity) == 1, $"{Short(copy.Target)} has several names");
                }
            }
        }
    }

    /// <summary>What existed once, and is not replaced by something else of that name, exists.</summary>
    private void CheckContents(WorldState before, CopyPlan plan, Dictionary<string, PlannedCopy> copies)
    {
        if (_command.Write == WriteMode.Append || plan.IsOverlapping)
        {
            return;
        }

        var left = _now.Paths.Where(path => _now[path]!.Type == FileTypes.Regular).Select(path => _now[path]!.Hash).ToHashSet();
        foreach (string path in before.Paths.Where(path => before[path]!.Type == FileTypes.Regular && !left.Contains(before[path]!.Hash)))
        {
            if (copies.GetValueOrDefault(path) is { Kind: PlannedKind.Node } link && before[link.Source]!.Type == FileTypes.SymbolicLink)
            {
                Expect(
                    !before.Walk(link.Source, follows: true).Contains(path),
                    $"the content of {Short(path)} is lost: {Short(link.Source)}, which replaced it, leads to it");
            }
        }

        foreach (PlannedCopy link in plan.Copies.Where(copy => copy.Kind == PlannedKind.Node && before[copy.Source]!.Type == FileTypes.SymbolicLink))
        {
            bool isLost = before.Real(link.Source, follows: true) is { } file && before[file] is { Type: FileTypes.Regular } item
                && !left.Contains(item.Hash) && _now[file] is { Type: FileTypes.SymbolicLink } && _now.Real(file, follows: true) is null;
            Expect(!isLost, $"what {Short(link.Source)} leads to is lost: links lead to each other now");
        }
    }

    private static bool IsAbout(TransferException error, WorldState before, PlannedCopy copy)
    {
        string[] names = [.. new[] { copy.SourceName, copy.TargetName, copy.Target, copy.Source }.Select(name => Plain(before.Absolute(name)))];
        string message = Plain(error.Message);
        return names.Any(name => message.Contains($"'{name}'", StringComparison.Ordinal))
            || (error.Target is { } target && names.Any(name => WorldState.IsIn(name, Plain(target))));
    }

    private static string Plain(string path) => path.Replace("/./", "/", StringComparison.Ordinal);

    private string Short(string path) => path.StartsWith(_now.World + '/', StringComparison.Ordinal) ? path[(_now.World.Length + 1)..] : path;

    private void Expect(bool condition, string fault)
    {
        if (!condition)
        {
            _faults.Add(fault.Replace(_folder.Root + '/', string.Empty, StringComparison.Ordinal));
        }
    }
}
